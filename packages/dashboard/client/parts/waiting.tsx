import { fleet } from '../live/fleet.ts';
import { useStore } from '../store.ts';

/** Before the first data: says what is waited for, so that nobody looks at a blank screen. */
export function Waiting() {
  const { connection, status } = useStore(fleet, (state) => state);
  const text =
    status?.redis === 'lost'
      ? 'Redis does not answer, so there is nothing to show yet. The page fills by itself once it does.'
      : connection === 'reconnecting'
        ? 'The dashboard does not answer. The page fills by itself once it does.'
        : 'Loading…';
  return (
    <p class="empty" role="status">
      {text}
    </p>
  );
}
