import { TOKEN_FIELD } from './csrf-tokens.ts';
import type { Visitor } from './visitor.ts';

export const STYLE_PATH = '/login.css';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function document(title: string, content: string, head = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">${head}
<title>${title} · lance-offload</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
<p class="product">lance-offload</p>
${content}
</main>
</body>
</html>
`;
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

export interface LoginForm {
  readonly token: string;
  /** Where to go after the login: a path of the dashboard. */
  readonly next: string;
  /** What was wrong with the last try; announced by screen readers. */
  readonly problem?: string;
  /** Whether it is the fields that were wrong. */
  readonly isWrong?: boolean;
  readonly name?: string;
}

/** The login, which needs no script. */
export function loginHtml({ token, next, problem, isWrong = false, name = '' }: LoginForm): string {
  const told =
    (problem === undefined ? '' : ' aria-describedby="problem"') + (isWrong ? ' aria-invalid="true"' : '');
  const [focusName, focusPassword] = name === '' ? [' autofocus', ''] : ['', ' autofocus'];
  return document(
    problem === undefined ? 'Log in' : 'Not logged in',
    `<h1>Log in</h1>
${problem === undefined ? '' : `<p class="problem" id="problem" role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="/login">
${hidden(TOKEN_FIELD, token)}
${hidden('next', next)}
<label for="name">User name</label>
<input id="name" name="name" value="${escapeHtml(name)}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required${told}${focusName}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${told}${focusPassword}>
<button type="submit">Log in</button>
</form>
<p class="note">Users are kept in the configuration of the fleet; its operators add them.</p>`,
  );
}

/** The form that leads out. */
export function logoutHtml(token: string, { name, role }: Visitor): string {
  return document(
    'Log out',
    `<h1>Log out</h1>
<p>You are logged in as <strong>${escapeHtml(name)}</strong>, ${role === 'operator' ? 'an operator' : 'a viewer'}.</p>
<form method="post" action="/logout">
${hidden(TOKEN_FIELD, token)}
<button type="submit" autofocus>Log out</button>
</form>
<p class="note"><a href="/">Back to the dashboard</a></p>`,
  );
}

/** Shown while Redis is away; it looks again by itself. */
export function awayHtml(): string {
  return document(
    'Redis does not answer',
    `<h1>Redis does not answer</h1>
<p role="status">The fleet’s Redis cannot be reached, so there is nothing to show. This page looks again every five seconds.</p>`,
    '\n<meta http-equiv="refresh" content="5">',
  );
}

/**
 * Comes to the login once more, from here: a browser that follows a link of another site keeps a `SameSite=Strict` cookie
 * to itself, and would be asked to log in although it is.
 */
export function comeAgainHtml(path: string): string {
  return document(
    'One moment',
    `<h1>One moment</h1>
<p><a href="${escapeHtml(path)}">Go on to the dashboard</a></p>`,
    `\n<meta http-equiv="refresh" content="0; url=${escapeHtml(path)}">`,
  );
}
