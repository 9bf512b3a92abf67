import { useHeading } from '../router.ts';

export function NotFoundScreen() {
  const heading = useHeading('Nothing here');
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        Nothing here
      </h1>
      <p>There is no page at this address.</p>
      <p>
        <a href="/">Back to the overview</a>
      </p>
    </>
  );
}
