import type { Session } from '@parapet/guard'
import type { User } from './users.js'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that is safe between tags and in quoted attributes. */
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (c) => ENTITIES[c] ?? c)

const layout = (title: string, user: User | undefined, main: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escapeHtml(title)} · Lantern Books</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
    <a class="skip" href="#main">To the content</a>
    <header>
      <a class="brand" href="/">Lantern Books</a>
      <nav aria-label="Main">
        ${user === undefined ? '<a href="/login">Sign in</a>' : `<a href="/account">${escapeHtml(user.fullName)}</a>`}
      </nav>
    </header>
    <main id="main">
${main}
    </main>
    <footer>A small application behind the Parapet guard.</footer>
  </body>
</html>
`

const signOut = `<form method="post" action="/logout"><button class="quiet" type="submit">Sign out</button></form>`

/** The first page: who is signed in. */
export const homePage = (user: User | undefined): string =>
  layout(
    'Home',
    user,
    user === undefined
      ? `      <h1>Good evening</h1>
      <p>Nobody is signed in. Your orders and your account are behind the door.</p>
      <p><a class="button" href="/login">Sign in</a></p>`
      : `      <h1>Good evening, ${escapeHtml(user.fullName)}</h1>
      <p>You are signed in as <strong>${escapeHtml(user.name)}</strong>.</p>
      <p class="row"><a class="button" href="/account">Your account</a>${signOut}</p>`,
  )

/** The sign-in form; after a failure with one sentence that is the same for every reason. */
export const loginPage = (failed?: { readonly message: string; readonly username: string }): string =>
  layout(
    'Sign in',
    undefined,
    `      <h1>Sign in</h1>
${failed === undefined ? '' : `      <p class="alert" role="alert">${escapeHtml(failed.message)}</p>\n`}      <form class="card" method="post" action="/login">
        <label for="username">Name</label>
        <input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="200" value="${escapeHtml(failed?.username ?? '')}">
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1000">
        <button type="submit">Sign in</button>
      </form>`,
  )

/** A browser in two words; what it says of itself is long and mostly history. */
const browserName = (agent: string | undefined): string => {
  const text = agent ?? ''
  const name = ['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari', 'curl'].find((word) => text.includes(`${word}/`))
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((word) => text.includes(word))
  const shown = name === 'Edg' ? 'Edge' : name === 'OPR' ? 'Opera' : name
  return shown === undefined ? 'Unknown browser' : system === undefined ? shown : `${shown} on ${system}`
}

const when = (ms: number): string => {
  const text = new Date(ms).toISOString()
  return `<time datetime="${text}">${text.slice(0, 16).replace('T', ' ')} UTC</time>`
}

/** The account: where one is signed in, each of which can be ended. */
export const accountPage = (user: User, current: Session, sessions: readonly Session[]): string =>
  layout(
    'Your account',
    user,
    `      <h1>${escapeHtml(user.fullName)}</h1>
      <section class="card" aria-labelledby="sessions">
        <h2 id="sessions">Where you are signed in</h2>
        <ul class="sessions">
${sessions
  .map(
    (session) => `          <li>
            <div>
              <strong>${browserName(session.userAgent)}</strong>${session.id === current.id ? ' <span class="badge">this one</span>' : ''}
              <small>from ${escapeHtml(session.address ?? 'an unknown address')}, since ${when(session.createdAt)}</small>
            </div>
            <form method="post" action="/sessions/end"><input type="hidden" name="id" value="${escapeHtml(session.id)}"><button class="quiet" type="submit">End</button></form>
          </li>`,
  )
  .join('\n')}
        </ul>
      </section>
      ${signOut}`,
  )

/** Any other answer in words. */
export const messagePage = (title: string, text: string, user?: User): string =>
  layout(
    title,
    user,
    `      <h1>${escapeHtml(title)}</h1>\n      <p>${escapeHtml(text)}</p>\n      <p><a href="/">To the first page</a></p>`,
  )
