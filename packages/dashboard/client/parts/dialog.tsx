import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
  readonly confirm: string;
  readonly danger?: boolean;
  /** What leaves everything as it is; not `Cancel` where that is the name of the change. */
  readonly back?: string;
  readonly children: ComponentChildren;
}

/** Asks before something is changed. It is modal, Escape leaves it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, onConfirm, confirm, danger, back = 'Back', children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
          dialog.current?.close();
        }}
      >
        <h2 id={id}>{title}</h2>
        <div class="dialog-text">{children}</div>
        <div class="buttons end">
          <button type="button" onClick={() => dialog.current?.close()}>
            {back}
          </button>
          <button type="submit" class={danger ? 'danger' : 'primary'}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
