/** The stylesheet of the login’s pages; in a module, so that the build needs to copy no file. */
export const LOGIN_STYLE = `:root {
  color-scheme: light dark;
  --ground: #f3f5f8;
  --card: #ffffff;
  --ink: #17202b;
  --faint: #566273;
  --line: #c3cbd6;
  --accent: #1f5fbf;
  --accent-ink: #ffffff;
  --accent-strong: #174a96;
  --bad: #a3201d;
  --bad-ground: #fdeceb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151c;
    --card: #19202a;
    --ink: #e6ebf2;
    --faint: #9ba8b8;
    --line: #3a4656;
    --accent: #7fb0ff;
    --accent-ink: #0c1624;
    --accent-strong: #a5c8ff;
    --bad: #ffb0ab;
    --bad-ground: #3a1d1e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: grid;
  place-items: center;
  padding: 1.5rem 1rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main {
  width: 100%;
  max-width: 24rem;
  padding: 2rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: .75rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / .06), 0 12px 32px rgb(0 0 0 / .08);
}
.product { margin: 0 0 .25rem; color: var(--faint); font-size: .875rem; letter-spacing: .02em; }
h1 { margin: 0 0 1.25rem; font-size: 1.5rem; line-height: 1.2; font-weight: 650; }
label { display: block; margin: 1rem 0 .375rem; font-weight: 550; }
input:not([type="hidden"]) {
  width: 100%;
  padding: .625rem .75rem;
  font: inherit;
  color: inherit;
  background: var(--card);
  border: 1px solid var(--faint);
  border-radius: .5rem;
}
input[aria-invalid] { border-color: var(--bad); }
button {
  width: 100%;
  margin-top: 1.5rem;
  padding: .6875rem 1rem;
  font: inherit;
  font-weight: 600;
  color: var(--accent-ink);
  background: var(--accent);
  border: 0;
  border-radius: .5rem;
  cursor: pointer;
}
button:hover { background: var(--accent-strong); }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
.problem {
  margin: 0 0 .5rem;
  padding: .625rem .75rem;
  color: var(--bad);
  background: var(--bad-ground);
  border-radius: .5rem;
}
.note { margin: 1.25rem 0 0; color: var(--faint); font-size: .875rem; }
@media (max-width: 26rem) { main { padding: 1.5rem 1.25rem; } }
`;
