import type { Construct } from 'constructs';
import { HealthCheck } from '../core/health-check.js';
import { sound } from '../core/model.js';
import { Modelled } from '../core/modelled.js';
import { Service } from '../core/service.js';
import { Size } from '../core/units.js';
import { type BackupsModel, type BackupsSchedule, renderBackups, resolveBackups } from './backups-model.js';
import type { RedisReplication } from './redis-replication.js';

export interface ScheduledBackupsProps extends BackupsSchedule {
  readonly redis: RedisReplication;
}

/**
 * Backups on a schedule: a program that asks a replica for a snapshot, as another replica would, and keeps it in a volume of its own.
 * It needs room there for one more than it keeps, twice. `npm run backup -- --list` shows them.
 *
 * The volume is on the same engine: what has to survive the machine is copied elsewhere with `--fetch`.
 */
export class ScheduledBackups extends Modelled {
  readonly service: Service;
  readonly model: BackupsModel;

  /** @throws PlatformError with all that cannot be */
  constructor(scope: Construct, id: string, { redis, ...schedule }: ScheduledBackupsProps) {
    super(scope, id);
    this.model = sound(resolveBackups(id, schedule, redis.model));
    this.service = new Service(this, 'service', {
      name: this.model.service,
      image: redis.image,
      command: ['backup'],
      environment: () => ({
        DEPLOYMENT: this.service.deployment.name,
        ENVIRONMENT: this.service.deployment.environment,
      }),
      // It is well once there is a backup that is not older than it should be.
      healthCheck: HealthCheck.command(['redis-node', 'health', 'backup']),
      limits: { memory: Size.mebibytes(64), cpus: 0.5 },
      volumes: [{ name: 'data', path: BACKUP_FOLDER }],
      supporting: true,
    });
    const { secret } = redis.allowBackups(this.service);
    this.service.addFile('/config/backup.json', () => {
      const { addresses, port } = redis.endpoint;
      return renderBackups(this.model, PASSWORD_FILE, (index) => `${addresses[index] ?? ''}:${port}`);
    });
    this.service.addFile(PASSWORD_FILE, () => secret.plain);
  }
}

/** Where the image has its folder for them. */
export const BACKUP_FOLDER = '/backups';
const PASSWORD_FILE = '/config/secrets/redis-backup';
