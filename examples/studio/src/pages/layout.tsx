import type { ReactNode } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import type { Shell } from './models.js'
import { shown } from './parts.js'
import { FLASHES } from './words.js'

/** Parts of the site, as the navigation names them. */
type Section = 'Overview' | 'Documents' | 'Frameworks' | 'Admin' | 'Account'

type About = {
  readonly title: string
  readonly section?: Section
  /** a form in the middle: signing in and what belongs to it */
  readonly narrow?: boolean
  /** the page has a passkey button */
  readonly passkey?: boolean
  /** a form came back with errors, which the window's title says first */
  readonly failed?: boolean
}

const SECTIONS: readonly (readonly [section: Section, href: string])[] = [
  ['Overview', '/'],
  ['Documents', '/documents'],
  ['Frameworks', '/frameworks'],
]

const Navigation = ({ shell: { user }, section }: { shell: Shell; section: Section | undefined }) => {
  if (user === undefined) {
    return (
      <nav aria-label="Main" className="guest">
        <a href="/sign-in">Sign in</a>
        <a href="/sign-up">Sign up</a>
      </nav>
    )
  }
  const links = user.admin ? [...SECTIONS, ['Admin', '/admin'] as const] : SECTIONS
  return (
    <>
      <nav aria-label="Main">
        {links.map(([name, href]) => (
          <a key={name} href={href} aria-current={name === section ? 'true' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div className="who">
        <a href="/account" aria-current={section === 'Account' ? 'true' : undefined}>
          <span className="unseen">Your account: </span>
          <bdi>{shown(user.name)}</bdi>
        </a>
        <form method="post" action="/sign-out">
          <button type="submit" className="link">
            Sign out
          </button>
        </form>
      </div>
    </>
  )
}

/** A whole page. No script or style stands in it, so that the content security policy needs no exception. */
export const render = (shell: Shell, about: About, children: ReactNode): string => {
  const { title, section, narrow = false, passkey = false, failed = false } = about
  return `<!doctype html>${renderToStaticMarkup(
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${failed ? 'Error: ' : ''}${shown(title)} · Studio`}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/icon.svg" />
        <link rel="stylesheet" href="/assets/studio.css" />
        {passkey ? <script type="module" src="/assets/passkey.js" /> : null}
      </head>
      <body>
        <a className="skip" href="#main">
          To the content
        </a>
        <header className="top">
          <a className="brand" href="/">
            <svg aria-hidden="true" viewBox="0 0 24 24" width="24" height="24">
              <path d="M4 3h12l4 4v14H4z" fill="currentColor" opacity=".16" />
              <path d="M4 3h12l4 4v14H4zM8 12.5l3 3 5.5-6" fill="none" stroke="currentColor" strokeWidth="1.8" />
            </svg>
            Studio
          </a>
          <Navigation shell={shell} section={section} />
        </header>
        <main id="main" tabIndex={-1} className={narrow ? 'narrow' : undefined}>
          {shell.flash === undefined ? null : <output className="notice good">{FLASHES[shell.flash]}</output>}
          {children}
        </main>
        <footer className="end">
          <p>Studio keeps evidence in order. All times are UTC.</p>
        </footer>
      </body>
    </html>,
  )}`
}
