import type { DashboardSettings } from '@lance-offload/base';
import { hashPassword } from '../src/access/passwords.ts';

export const PASSWORD = 'correct horse battery staple';
export const METRICS_TOKEN = 'a-token-for-the-scraper';

export const NO_USERS: DashboardSettings = { users: [], session_hours: 12 };

/** The cheapest hash that is allowed: many tests log in. */
const CHEAP = 14;

/** A viewer `vera` and an operator `olga`, of the same password. */
export async function settingsWithUsers(): Promise<DashboardSettings> {
  const [vera, olga] = await Promise.all([hashPassword(PASSWORD, CHEAP), hashPassword(PASSWORD, CHEAP)]);
  return {
    ...NO_USERS,
    metrics_token: METRICS_TOKEN,
    users: [
      { name: 'vera', role: 'viewer', password_hash: vera },
      { name: 'olga', role: 'operator', password_hash: olga },
    ],
  };
}
