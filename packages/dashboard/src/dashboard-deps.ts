import type { DashboardSettings, Logger } from '@lance-offload/base';
import type { FleetLink } from '@lance-offload/fleet';

/** What the dashboard is made of. */
export interface DashboardDeps extends FleetLink {
  readonly logger: Logger;
  /** Users and tokens. */
  readonly settings: DashboardSettings;
  /** Shows only: every request that would change something is refused. */
  readonly readOnly: boolean;
  /** Names the dashboard may be called by, besides `localhost` and IP addresses. */
  readonly allowedHosts: readonly string[];
  /** Whether it stands behind one proxy, whose `X-Forwarded-*` it takes for true. */
  readonly trustProxy: boolean;
  /** How often a stream’s session is looked at again, in milliseconds; half a minute by default. */
  readonly recheckMs?: number;
  /** Ends live streams and what feeds them. */
  readonly signal?: AbortSignal;
}
