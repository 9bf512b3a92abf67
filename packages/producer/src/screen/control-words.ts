import { shellWord, type Limits, type Pauses, type PauseScope, type RunStatus } from '@lance-offload/fleet';

/** What a pause is of, and the command that ends it. */
export function scopeWords(scope: PauseScope): { readonly subject: string; readonly remedy: string } {
  if (scope === 'fleet') return { subject: 'The fleet', remedy: 'lance-offload resume' };
  return 'table' in scope
    ? {
        subject: `Table "${scope.table}"`,
        remedy: `lance-offload resume --table ${shellWord(scope.table)}`,
      }
    : { subject: `Run ${scope.runId}`, remedy: `lance-offload resume --run ${scope.runId}` };
}

function since({ by, atMs }: { readonly by: string; readonly atMs: number }): string {
  return `paused by ${by} since ${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** Why a run does not go on, and the command that changes it, where it or its table or the fleet is paused. */
export function pausedWords({ paused, table, runId }: RunStatus): string | undefined {
  if (paused === undefined) return undefined;
  const scopes = { fleet: 'fleet', table: { table }, run: { runId } } as const;
  const what = { fleet: 'the fleet is paused', table: 'its table is paused', run: 'this run is paused' };
  return `${what[paused]}; go on with: ${scopeWords(scopes[paused]).remedy}`;
}

/** What is paused, and how to go on. Nothing where nothing is. */
export function pauseLines({ fleet, tables, runs }: Pauses): string[] {
  const whole = scopeWords('fleet');
  return [
    ...(fleet ? [`${whole.subject} is paused. Go on with: ${whole.remedy}`] : []),
    ...[...tables, ...runs].map((one) => {
      const { subject, remedy } = scopeWords(one);
      return `${subject} is ${since(one)}. Go on with: ${remedy}`;
    }),
  ];
}

/** The limits of the fleet. Nothing where there are none. */
export function limitLines({ concurrency, requestsPerSecond }: Limits): string[] {
  return [
    ...(concurrency === null
      ? []
      : [`The fleet has at most ${concurrency} ${concurrency === 1 ? 'page' : 'pages'} under way at once.`]),
    ...(requestsPerSecond === null
      ? []
      : [`The fleet sends at most ${requestsPerSecond} requests a second to the source.`]),
  ];
}
