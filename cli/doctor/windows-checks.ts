import { excluded } from '../preflight/host-ports.js';
import { exclusionOf } from '../preflight/excluded-ports.js';
import { bad, type Check, type Finding, note, ok, unknown } from './check.js';
import { type Facts, homeOf, type WindowsFacts } from './facts.js';
import { isLeftOut } from './readings/defender.js';
import { wslMemory } from './readings/wslconfig.js';
import { gibibytes } from './size.js';

const NETWORKING_MODES = ['nat', 'mirrored', 'virtioproxy', 'bridged', 'none'];
/** The virtual machine counts a bit less than it is given. */
const IN_EFFECT = { least: 0.85, most: 1.05 };
const RESTART = 'then run `wsl --shutdown` and start Docker Desktop again.';

/** Elsewhere there is nothing to look at. */
function onWindows(judge: (windows: WindowsFacts, facts: Facts) => readonly Finding[]): Check['judge'] {
  return (facts) => (facts.windows === undefined ? ok('only on Windows') : judge(facts.windows, facts));
}

const ports: Check = {
  id: 'excluded-ports',
  title: 'ports that Windows keeps for itself',
  judge: onWindows(({ excludedPorts }, { wantedPorts }) => {
    if ('error' in excludedPorts) return unknown(excludedPorts.error);
    const problems = wantedPorts.flatMap((wanted) => {
      const range = exclusionOf(wanted.port, excludedPorts.value);
      return range === undefined ? [] : [excluded(wanted, range)];
    });
    return problems.length > 0 ? bad(...problems) : ok('none of ours');
  }),
};

/** Docker Desktop's own, since it has one system only. */
const DESKTOP = 'docker-desktop';

const wsl: Check = {
  id: 'wsl',
  title: 'Windows Subsystem for Linux',
  judge: onWindows(({ wsl: found }, { engine }) => {
    if ('error' in found) return unknown(found.error);
    const desktop = found.value.find(({ name }) => name === DESKTOP);
    if (desktop?.version === 1) {
      return bad({
        what: 'Docker Desktop is on the first version of WSL, which has no kernel of its own',
        got: `${DESKTOP}, version 1`,
        allowed: 'version 2',
        fix: `Run \`wsl --update\`, \`wsl --shutdown\` and \`wsl --set-version ${DESKTOP} 2\`, then start Docker Desktop.`,
      });
    }
    const first = found.value.find(({ isDefault }) => isDefault);
    if (first?.version === 1) {
      return note({
        what: 'the Linux that `wsl` starts is on the first version of WSL, where no container can be started from',
        got: `${first.name}, version 1`,
        allowed: 'version 2',
        fix: `Run \`wsl --set-version ${first.name} 2\`, or type commands in PowerShell.`,
      });
    }
    if (desktop === undefined && 'error' in engine) {
      return note({
        what: 'Docker Desktop has no system in WSL',
        got: found.value.map(({ name }) => name).join(', ') || 'no systems',
        allowed: DESKTOP,
        fix: 'Install it (`winget install Docker.DockerDesktop`) and start it once; with Hyper-V in the place of WSL this is as it should be.',
      });
    }
    return ok(
      found.value.map(({ name, version, state }) => `${name} ${version} (${state})`).join(', ') || 'no systems',
    );
  }),
};

const wslConfig: Check = {
  id: 'wslconfig',
  title: '.wslconfig',
  judge: onWindows(({ wslConfig: config }, facts) => {
    if (config === undefined) return ok("none: half of the machine's memory, all processors");
    const findings = [
      ...ignoredLines(config.ignored),
      ...networking(config.settings),
      ...memory(config.settings, facts),
    ];
    const settings = Object.entries(config.settings).map(([name, value]) => `${name}=${value}`);
    return findings.length > 0 ? findings : ok(settings.join(', ') || 'empty');
  }),
};

function ignoredLines(lines: readonly string[]): Finding[] {
  if (lines.length === 0) return [];
  return note({
    what: 'lines of %UserProfile%\\.wslconfig have no effect',
    got: lines.join(', '),
    allowed: 'settings, each below a line [wsl2] or [experimental]',
    fix: `Put \`[wsl2]\` above them, ${RESTART}`,
  });
}

function networking({ networkingmode: mode }: Readonly<Record<string, string>>): Finding[] {
  if (mode === undefined) return [];
  if (mode.toLowerCase() === 'none') {
    return bad({
      what: 'networkingMode in %UserProfile%\\.wslconfig leaves Docker Desktop without a network',
      got: mode,
      allowed: 'nat or mirrored',
      fix: `Remove the line, ${RESTART}`,
    });
  }
  if (NETWORKING_MODES.includes(mode.toLowerCase())) return [];
  return note({
    what: 'WSL does not know this networkingMode in %UserProfile%\\.wslconfig',
    got: mode,
    allowed: NETWORKING_MODES.join(', '),
    fix: `Correct the line, ${RESTART}`,
  });
}

function memory(settings: Readonly<Record<string, string>>, facts: Facts): Finding[] {
  const { memory: text } = settings;
  if (text === undefined) return [];
  const { engine, declared, machineMemory } = facts;
  const wanted = wslMemory(text, machineMemory.totalBytes);
  const allowed = 'e.g. 4GB, without a space';
  if (wanted === undefined) {
    return note({
      what: 'memory in %UserProfile%\\.wslconfig cannot be read',
      got: text,
      allowed,
      fix: `Correct it, ${RESTART}`,
    });
  }
  // What is forgotten is the unit: 4 bytes.
  if (wanted < 256 * 1024 ** 2) {
    return bad({
      what: 'memory in %UserProfile%\\.wslconfig is too little for any Linux',
      got: text,
      allowed,
      fix: `Correct it, ${RESTART}`,
    });
  }
  if (!('value' in engine) || homeOf(engine.value, facts.os) !== 'wsl') return [];
  const share = engine.value.memoryBytes / Math.min(wanted, machineMemory.totalBytes);
  if (share >= IN_EFFECT.least && share <= IN_EFFECT.most) return [];
  return note({
    what: 'memory in %UserProfile%\\.wslconfig is not in effect yet',
    got: `${text}, and the engine has ${gibibytes(engine.value.memoryBytes)}; limits ${gibibytes(declared.memoryBytes)}`,
    allowed: text,
    fix: 'Run `wsl --shutdown` and start Docker Desktop again.',
  });
}

/** Under which npm.ps1, which PowerShell prefers to npm.cmd, may not run. */
const STRICT = ['Restricted', 'AllSigned', 'Undefined'];

const executionPolicy: Check = {
  id: 'execution-policy',
  title: "PowerShell's execution policy",
  judge: onWindows(({ executionPolicy: found }) => {
    if ('error' in found) return unknown(found.error);
    if (!STRICT.includes(found.value)) return ok(found.value);
    return note({
      what: 'PowerShell does not run npm ("running scripts is disabled")',
      got: found.value,
      allowed: 'RemoteSigned, or another way to start commands',
      fix: 'Type `.\\platform start` in the place of `npm start`, or `npm.cmd start`.',
    });
  }),
};

const defender: Check = {
  id: 'defender',
  title: 'Microsoft Defender',
  judge: onWindows(({ defender: found }, { project, cache }) => {
    if ('error' in found) return unknown(found.error);
    const { watches, leavesOut } = found.value;
    if (!watches) return ok('does not read each file');
    if (leavesOut === undefined) return unknown('which folders it leaves out, only administrators are told');
    const watched = [project, cache].filter((folder) => !isLeftOut(folder, leavesOut));
    if (watched.length === 0) return ok('leaves out our folders');
    const folders = watched.map((folder) => `'${folder.replaceAll("'", "''")}'`).join(', ');
    return note({
      what: 'Microsoft Defender reads each file that commands write here, which makes them slower, and holds it open meanwhile',
      got: watched.join(', '),
      allowed: 'folders that it leaves out, where your company lets you choose',
      fix: `In a PowerShell that runs as administrator: \`Add-MpPreference -ExclusionPath ${folders}\`.`,
    });
  }),
};

/** What there is on Windows alone. */
export const windowsChecks: readonly Check[] = [ports, wsl, wslConfig, executionPolicy, defender];
