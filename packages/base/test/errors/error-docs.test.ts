import { expect, test } from 'vitest';
import { ERROR_POLICY, type ErrorPolicy } from '../../src/errors/policy.ts';
import { tableIn, unquoted } from '../docs-table.ts';

function policyWords({ next, exitCode }: ErrorPolicy): string {
  const words = next === 'give-up' ? 'give up' : next;
  return exitCode === 1 ? words : `${words}, exit ${exitCode}`;
}

test('docs/errors.md has every code, in its order, and no other, and says what follows from it', async () => {
  const documented = await tableIn('errors.md');
  const rows = documented.map(([code, then]) => [unquoted(code), then]);
  expect(rows).toEqual(Object.entries(ERROR_POLICY).map(([code, policy]) => [code, policyWords(policy)]));
  for (const [code, , meaning] of documented) expect(meaning, `meaning of ${code}`).not.toBe('');
});
