import { once } from 'node:events';
import { openStore } from '../../src/store/open-store.ts';
import { StoreView } from '../../src/store/store-view.ts';

// A process that creates keys beside others, and says which of them it was that created.

const { address, prefix, keys, text } = JSON.parse(process.argv[2] ?? '') as {
  readonly address: string;
  readonly prefix: string;
  readonly keys: readonly string[];
  readonly text: string;
};
const store = new StoreView(openStore(address), { prefix });
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const won = await Promise.all(keys.map((key) => store.putIfAbsent(key, text)));
process.stdout.write(`${JSON.stringify(keys.filter((_, index) => won[index]))}\n`);
