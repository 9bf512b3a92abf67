import { failureSchema, pageJobSchema } from '@lance-offload/fleet';
import { z } from 'zod';

/** What every job of a run has; of a schedule’s jobs only the table. */
const jobSchema = z.object({
  table: z.string(),
  runId: z.string().optional(),
  destination: z.string().optional(),
});

const resultSchema = z.object({
  rows: z.number().optional(),
  bytes: z.number().optional(),
  enqueued: z.number().optional(),
  state: z.string().optional(),
});

const kept = failureSchema.shape.failure.pick({ code: true, message: true, hint: true, atMs: true });
const progressSchema = z.object({ failure: kept });

const number = new Intl.NumberFormat('en');

function rowsOf({ page }: z.output<typeof pageJobSchema>): string {
  const what = page.scan === 'keys' ? 'keys' : 'rows';
  return `${what} ${number.format(page.offset)} to ${number.format(page.offset + page.limit - 1)}`;
}

/** A job’s name in the list: its table, and of a page its number. */
export function formatName({ name, data }: { readonly name: string; readonly data: unknown }): string {
  const job = pageJobSchema.safeParse(data).data;
  return job ? `${name}, page ${job.page.index}` : name;
}

/** A job’s payload: what it is about, without what only machines read. */
export function formatData(data: unknown): unknown {
  const job = jobSchema.safeParse(data).data;
  if (!job) return {};
  const { table, runId, destination } = job;
  const page = pageJobSchema.safeParse(data).data;
  return {
    table,
    ...(destination !== table && destination !== undefined && { lakeTable: destination }),
    ...(runId !== undefined && { run: runId }),
    ...(page && { page: page.page.index, rows: rowsOf(page) }),
  };
}

/** What came of a job: rows and bytes of a page, pages of a plan, how a commit ended. */
export function formatResult(result: unknown): unknown {
  return resultSchema.safeParse(result).data ?? null;
}

/** A job’s progress, which is its last failure: never with its details. */
export function formatProgress(progress: unknown): number | object {
  const failure = progressSchema.safeParse(progress).data?.failure;
  if (!failure) return typeof progress === 'number' ? progress : 0;
  const { code, message, hint, atMs } = failure;
  return { code, message, hint, failedAt: new Date(atMs).toISOString() };
}

const nodeSchema = z.looseObject({ progress: z.unknown(), children: z.array(z.unknown()).default([]) });

/** A job of the flow graph, and those below it, which the board shows unformatted. */
export function formatFlow(node: unknown): unknown {
  const parsed = nodeSchema.safeParse(node).data;
  if (!parsed) return null;
  return { ...parsed, progress: formatProgress(parsed.progress), children: parsed.children.map(formatFlow) };
}

/** The run a job is of, as the dashboard shows it. */
export function runLinkOf({ data }: { readonly data: unknown }): { displayText: string; href: string } {
  const runId = jobSchema.safeParse(data).data?.runId;
  return runId === undefined
    ? { displayText: 'Overview', href: '/' }
    : { displayText: 'Run', href: `/runs/${encodeURIComponent(runId)}` };
}
