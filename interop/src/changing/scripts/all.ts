import { accounts } from './accounts.ts';
import { events } from './events.ts';
import { people } from './people.ts';
import { prices } from './prices.ts';
import type { Script } from './script.ts';
import { stock } from './stock.ts';

/** One table per mode and way of telling what is new. */
export const SCRIPTS: readonly Script[] = [events, stock, accounts, people, prices];
