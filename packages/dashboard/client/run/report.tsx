import type { ComponentChildren } from 'preact';
import type { PlanAnswer, ReportAnswer, RunDetail } from '../../src/api/run-answers.ts';
import { bytes, count, plural } from '../format.ts';
import { Facts, type Fact } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, Section } from '../parts/section.tsx';
import { isClosed } from '../words.ts';

function Notes({ title, notes }: { title: string; notes: readonly ComponentChildren[] }) {
  if (notes.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="notes">
        {notes.map((note, index) => (
          <li key={index}>{note}</li>
        ))}
      </ul>
    </>
  );
}

function Verdict({ report }: { report: ReportAnswer }) {
  return (
    <p class={report.verified ? 'verdict good' : 'verdict bad'}>
      <Icon name={report.verified ? 'check' : 'cross'} />
      <span>
        <b>{report.verified ? 'Verified' : 'Not verified'}</b>: {count(report.sourceRows)} rows at the source,{' '}
        {count(report.lakeRows)} staged, {count(report.distinctRowIds)} distinct row ids
      </span>
    </p>
  );
}

function auditFacts(report: ReportAnswer, run: RunDetail): Fact[] {
  return [
    ['Delta version', run.deltaVersion === null ? null : count(run.deltaVersion)],
    ['Missing, repaired', count(report.missing)],
    ['Repeated', count(report.repeated)],
    ['Requests', count(report.requests)],
    ['From the source', bytes(report.sourceBytes)],
    ['In the lake', bytes(report.lakeBytes)],
  ];
}

const OUTCOMES = ['inserted', 'updated', 'deleted', 'unchanged', 'late', 'superseded', 'ties'] as const;

/** The audit, and what the commit did. */
export function ReportSection({ run }: { run: RunDetail }) {
  const { report } = run;
  return (
    <Section title="Audit and commit">
      {report ? (
        <>
          <Verdict report={report} />
          <Facts facts={auditFacts(report, run)} />
          <h3>Rows</h3>
          <dl class="outcomes">
            {OUTCOMES.map((outcome) => (
              <div key={outcome} class={report.rows[outcome] === 0 ? 'zero' : undefined}>
                <dt>{outcome}</dt>
                <dd>{count(report.rows[outcome])}</dd>
              </div>
            ))}
          </dl>
          <Notes title="Schema changes" notes={report.schemaChanges} />
          <Notes title="Notes" notes={report.notes} />
        </>
      ) : (
        <Empty>
          {isClosed(run.state)
            ? 'There is no report of this run, or the dashboard cannot read the lake.'
            : 'The audit runs when all pages are staged; its figures are here once the run is published.'}
        </Empty>
      )}
    </Section>
  );
}

function planFacts(plan: PlanAnswer, run: RunDetail): Fact[] {
  return [
    ['Source', plan.source],
    ['Source version', run.sourceVersion === null ? null : count(run.sourceVersion)],
    ['Mode', run.ingestionType],
    ['Filter', plan.filter && <code>{plan.filter}</code>],
    ['Search', plan.search ? 'nearest rows of a vector' : null],
    ['Cursor', plan.cursorField && <code>{plan.cursorField}</code>],
    ['Change tracking', plan.changeTracking],
    ['Primary keys', plan.primaryKeys.length > 0 ? <code>{plan.primaryKeys.join(', ')}</code> : null],
    ['Sequence', plan.sequenceBy && <code>{plan.sequenceBy}</code>],
    ['Deletes', plan.deletes],
    ['Sweep', plan.sweepRows > 0 ? plural(plan.sweepRows, 'row') : null],
    ['Rows per page', count(plan.rowsPerPage)],
    ['Bytes per page', bytes(plan.pageBytes)],
    ['Estimated', bytes(plan.estimatedBytes)],
    ['Paging', plan.paging === 'row-ids' ? 'by row ids' : 'by offset'],
  ];
}

/** What was decided once, when the run was planned. */
export function PlanSection({ run }: { run: RunDetail }) {
  const { plan } = run;
  return (
    <Section title="Plan">
      {plan ? (
        <>
          <Facts facts={planFacts(plan, run)} />
          <Notes
            title="Columns left out"
            notes={plan.droppedColumns.map(({ name, reason }) => (
              <>
                <code>{name}</code>: {reason}
              </>
            ))}
          />
          <Notes
            title="Wider in the lake than at the source"
            notes={plan.widened.map((name) => (
              <code key={name}>{name}</code>
            ))}
          />
          <Notes title="Notes" notes={plan.notes} />
          <details class="more">
            <summary>{plural(plan.columns.length, 'column')}</summary>
            <ul class="columns-list">
              {plan.columns.map(({ name, type }) => (
                <li key={name}>
                  <code>{name}</code> <span class="faint">{type}</span>
                </li>
              ))}
            </ul>
          </details>
        </>
      ) : (
        <Empty>The plan is not there yet, or the dashboard cannot read the lake.</Empty>
      )}
    </Section>
  );
}
