import type { TopologyService } from '../../../constructs/core/topology.js';
import { type AclUser, aclUsers } from '../config-text.js';
import { code, codes, type Finding } from '../finding.js';
import { constructOf } from '../services.js';
import { about, type Comparison, newIn } from './comparison.js';

/** Users of Redis ACL files and secrets that became weaker, or are gone. Never shows a password. */
export function judgeCredentials(comparison: Comparison): Finding[] {
  return [...comparison.matched.pairs.flatMap(judgeFiles), ...judgeSecrets(comparison)];
}

function judgeFiles({ before, after }: Comparison['matched']['pairs'][number]): Finding[] {
  return after.files.flatMap((file): Finding[] => {
    const old = before.files.find(({ path }) => path === file.path);
    const findings: Finding[] = [];
    if (old?.secret && !file.secret) {
      findings.push(
        about(
          after,
          'exposure',
          `${code(file.path)} no longer holds a secret`,
          'What was generated on each machine is now written in the code, the plan and the state, or is not asked for.',
          {
            words: [file.path, 'secret', 'plain', 'sha256'],
          },
        ),
      );
    }
    if (!file.path.endsWith('.acl') || old?.text === file.text) return findings;
    const [was, is] = [aclUsers(old?.text ?? ''), aclUsers(file.text)];
    for (const [name, user] of is) findings.push(...judgeUser(after, name, was.get(name), user));
    for (const [name, user] of was) {
      if (user.on && !is.has(name)) {
        findings.push(
          about(after, 'availability', `user ${code(name)} is gone`, 'Whoever logs in as that user is refused.', {
            words: [`'${name}'`, name],
          }),
        );
      }
    }
    return findings;
  });
}

function judgeUser(
  service: Parameters<typeof about>[0],
  name: string,
  was: AclUser | undefined,
  is: AclUser,
): Finding[] {
  const cause = { words: [`'${name}'`, `user ${name}`, 'rules'], names: [name] };
  if (!is.on) {
    if (!was?.on) return [];
    return [
      about(
        service,
        'availability',
        `user ${code(name)} is switched off`,
        'Whoever logs in as that user is refused.',
        cause,
      ),
    ];
  }
  if (!was?.on) {
    return [
      about(
        service,
        'exposure',
        `user ${code(name)} ${was ? 'is switched on' : 'is new'}${is.nopass ? ', without a password' : ''}, with ${codes([...is.keys, ...is.channels, ...is.commands])}`,
        'One more way to log in.',
        cause,
      ),
    ];
  }
  const findings: Finding[] = [];
  const wider = [
    ...(is.nopass && !was.nopass ? ['any password'] : []),
    ...(is.passwords.length > was.passwords.length ? ['one more password'] : []),
    ...newIn(is.keys, was.keys),
    ...newIn(is.channels, was.channels),
    ...newIn(is.commands, was.commands).filter((rule) => !rule.startsWith('-')),
    ...newIn(was.commands, is.commands)
      .filter((rule) => rule.startsWith('-'))
      .map((rule) => `no longer ${rule}`),
  ];
  if (wider.length > 0) {
    findings.push(
      about(
        service,
        'exposure',
        `user ${code(name)} may do more: ${codes(wider)}`,
        'Whoever has that password, or gets it, can do more harm.',
        cause,
      ),
    );
  }
  const narrower = [
    ...newIn(was.keys, is.keys),
    ...newIn(was.channels, is.channels),
    ...newIn(was.commands, is.commands).filter((rule) => !rule.startsWith('-')),
    ...newIn(is.commands, was.commands).filter((rule) => rule.startsWith('-')),
  ];
  if (narrower.length > 0) {
    findings.push(
      about(
        service,
        'availability',
        `user ${code(name)} may do less: ${codes(narrower)}`,
        'Clients that need it are refused.',
        cause,
      ),
    );
  }
  const rules = (user: AclUser) => [...user.keys, ...user.channels, ...user.commands].join(' ');
  if (wider.length + narrower.length === 0 && rules(was) !== rules(is)) {
    findings.push(
      about(
        service,
        'exposure',
        `the rules of user ${code(name)} are in another order`,
        'The last rule that fits decides: the same rules can grant more.',
        cause,
      ),
    );
  }
  const others = (user: AclUser) => user.passwords.filter((password) => !/\{\{(secret|sha256):/.test(password)).length;
  if (others(is) > others(was)) {
    findings.push(
      about(
        service,
        'exposure',
        `a password of user ${code(name)} is written in the code`,
        'Everybody who reads the repository knows it.',
        cause,
      ),
    );
  } else if (is.passwords.join() !== was.passwords.join() && is.passwords.length <= was.passwords.length) {
    findings.push(
      about(
        service,
        'exposure',
        `user ${code(name)} gets another password`,
        'Clients with the old one are refused, or one secret now opens several doors.',
        cause,
      ),
    );
  }
  return findings;
}

function judgeSecrets({ before, after }: Comparison): Finding[] {
  const [was, is] = [before.topology.secrets, after.topology.secrets];
  const [gone, added] = [newIn(was, is), newIn(is, was)];
  const changed = [...added, ...gone];
  const holds = ({ files }: TopologyService) =>
    files.some(({ text }) => changed.some((name) => text.includes(`:${name}}}`)));
  const holder = after.topology.services.find(holds) ?? before.topology.services.find(holds);
  const cause = {
    construct: holder && constructOf(holder),
    words: [...changed, ...changed.map((name) => `'${name.split('-').at(-1) ?? name}'`), 'new Secret', 'Secret'],
    names: changed,
  };
  const subject = 'secrets';
  if (gone.length > 0) {
    return [
      {
        level: 'exposure',
        subject,
        what: `secrets are gone: ${codes(gone)}${added.length > 0 ? `; new: ${codes(added)}` : ''}`,
        why:
          added.length > 0
            ? 'A secret under another name gets another value: clients with the old password are refused.'
            : 'What they protected is no longer protected by them.',
        cause,
      },
    ];
  }
  if (added.length === 0) return [];
  return [
    {
      level: 'other',
      subject,
      what: `new secrets: ${codes(added)}`,
      why: 'They are generated at the next start.',
      cause,
    },
  ];
}
