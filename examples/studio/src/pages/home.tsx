import { DocumentTable } from './documents.js'
import { render } from './layout.js'
import type { Home, Message, Shell, Status } from './models.js'
import { Empty, path, shown, STATUSES, Text } from './parts.js'

/** The first page of somebody who is not signed in. */
export const landingPage = (shell: Shell): string =>
  render(
    shell,
    { title: 'Evidence, in order' },
    <div className="landing">
      <h1>Evidence, in order</h1>
      <p className="lead">
        Studio is where a team keeps what an audit asks for: policies, records and who has seen them, framework by framework.
      </p>
      <p className="acts">
        <a className="button solid" href="/sign-up">
          Create an account
        </a>
        <a className="button" href="/sign-in">
          Sign in
        </a>
      </p>
      <ul className="points">
        <li>
          <h2>By framework</h2>
          <p>SOC 2, ISO 27001, GDPR: each document stands where it counts, and people see those of the frameworks they work on.</p>
        </li>
        <li>
          <h2>Sealed where it matters</h2>
          <p>Names of contacts and numbers are encrypted field by field, and still found when you search for them.</p>
        </li>
        <li>
          <h2>Nothing unseen</h2>
          <p>Every look at a document is on record, so that the answer to “who saw this” takes a minute.</p>
        </li>
      </ul>
    </div>,
  )

/** The first page of somebody who is signed in. */
export const homePage = (shell: Shell, { documents, frameworks, counts, secondFactor }: Home): string =>
  render(
    shell,
    { title: 'Overview', section: 'Overview' },
    <>
      <div className="title">
        <h1>Overview</h1>
        <a className="button solid" href="/documents/new">
          New document
        </a>
      </div>
      {secondFactor ? null : (
        <div className="notice">
          <p>Your account has a password only. A passkey or an authenticator app keeps it yours even when the password gets out.</p>
          <p>
            <a href="/account/security">Add a second factor</a>
          </p>
        </div>
      )}
      <ul className="figures" aria-label="Documents by state">
        {(Object.keys(STATUSES) as Status[]).map((status) => (
          <li key={status}>
            <a href={`/documents?status=${status}`}>
              <strong>{counts[status].toLocaleString('en-GB')}</strong> <span className={`mark ${status}`}>{STATUSES[status]}</span>
            </a>
          </li>
        ))}
      </ul>
      <div className="columns">
        <section aria-labelledby="latest">
          <h2 id="latest">Changed last</h2>
          {documents.length === 0 ? (
            <Empty title="No documents yet">
              <a href="/documents/new">Write the first one</a>, or ask an admin for the view right of a framework.
            </Empty>
          ) : (
            <DocumentTable documents={documents} caption="Documents changed last" />
          )}
        </section>
        <section aria-labelledby="frameworks">
          <h2 id="frameworks">Frameworks</h2>
          {frameworks.length === 0 ? (
            <Empty title="No frameworks yet">Nobody has set one up.</Empty>
          ) : (
            <ul className="lines">
              {frameworks.map((framework) => (
                <li key={framework.id}>
                  <a href={path('/frameworks', framework.id)}>
                    <Text>{framework.name}</Text>
                  </a>
                  <span className="number">{framework.count}</span>
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </>,
  )

/** What did not work, and what to do next: 404 and other refusals. */
export const messagePage = (shell: Shell, { title, says, reference }: Message): string =>
  render(
    shell,
    { title, narrow: true },
    <>
      <h1>{shown(title)}</h1>
      <div className="card">
        <p>{shown(says)}</p>
        {reference === undefined ? null : (
          <p className="quiet">
            Reference: <code>{shown(reference)}</code>
          </p>
        )}
        <p>
          <a className="button" href="/">
            To the first page
          </a>
        </p>
      </div>
    </>,
  )
