import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { change, wordsOf } from '../request.ts';
import { useMayChange } from '../session.ts';
import { Dialog } from './dialog.tsx';
import { Icon, type IconName } from './icon.tsx';
import { tell } from './toasts.tsx';

/** Makes a change and tells the operator how it ended. Returns whether it was made. */
export async function make(path: string, body: unknown = {}): Promise<boolean> {
  try {
    const { message } = await change(path, body);
    tell('done', message);
    return true;
  } catch (error) {
    tell('failed', wordsOf(error));
    return false;
  }
}

interface ChangeButtonProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly path: string;
  readonly body?: unknown;
  readonly kind?: 'primary' | 'danger' | 'small';
  /** What it means; without it nothing is asked. */
  readonly question?: { readonly title: string; readonly text: ComponentChildren; readonly confirm: string };
  /** For a screen reader, where the label says it beside others only. */
  readonly name?: string;
  readonly onDone?: () => void;
}

/** A button that changes something. Who only looks on does not see it. */
export function ChangeButton({ label, icon, path, body, kind, question, name, onDone }: ChangeButtonProps) {
  const mayChange = useMayChange();
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    const done = await make(path, body);
    setBusy(false);
    if (done) onDone?.();
  };
  if (!mayChange) return null;
  return (
    <>
      <button
        type="button"
        class={kind}
        aria-label={name}
        aria-disabled={busy}
        onClick={() => {
          if (busy) return;
          if (question) setAsks(true);
          else void go();
        }}
      >
        {icon && <Icon name={icon} />}
        {label}
      </button>
      {asks && question && (
        <Dialog
          title={question.title}
          confirm={question.confirm}
          danger={kind === 'danger'}
          onConfirm={() => void go()}
          onClose={() => setAsks(false)}
        >
          {question.text}
        </Dialog>
      )}
    </>
  );
}
