import { render } from './layout.js'
import type { Admin, Audit, AuditRow, Choice, People, PersonRow, Shell } from './models.js'
import { Confirm, count, Empty, FormError, Hidden, Paging, path, Pick, shown, Text, When } from './parts.js'

const Tabs = ({ at }: { at: 'overview' | 'people' | 'audit' }) => (
  <nav aria-label="Admin" className="tabs">
    <a href="/admin" aria-current={at === 'overview' ? 'page' : undefined}>
      Overview
    </a>
    <a href="/admin/people" aria-current={at === 'people' ? 'page' : undefined}>
      People
    </a>
    <a href="/admin/audit" aria-current={at === 'audit' ? 'page' : undefined}>
      Audit
    </a>
  </nav>
)

const ACTIONS: Readonly<Record<AuditRow['action'], string>> = { view: 'Viewed', create: 'Created', edit: 'Changed', delete: 'Deleted' }
const OUTCOMES: Readonly<Record<AuditRow['outcome'], string>> = { success: 'Allowed', refused: 'Refused', failure: 'Failed' }
const choices = (words: Readonly<Record<string, string>>, all: string): readonly Choice[] => [
  { id: '', name: all },
  ...Object.entries(words).map(([id, name]) => ({ id, name })),
]

const AuditTable = ({ entries }: { entries: readonly AuditRow[] }) => (
  <table className="stacks audit">
    <caption className="unseen">Accesses, newest first</caption>
    <thead>
      <tr>
        <th scope="col">When</th>
        <th scope="col">Who</th>
        <th scope="col">Did</th>
        <th scope="col">What</th>
        <th scope="col">Result</th>
        <th scope="col">From</th>
      </tr>
    </thead>
    <tbody>
      {entries.map((entry) => (
        <tr key={entry.id}>
          <td data-label="When">
            <When at={entry.at} />
          </td>
          <td data-label="Who">
            <Text>{entry.actor}</Text>
          </td>
          <td data-label="Did">{ACTIONS[entry.action]}</td>
          <td data-label="What">
            <span className="quiet">
              <Text>{entry.resource}</Text>
            </span>{' '}
            {entry.name === undefined ? null : <Text>{entry.name}</Text>}
          </td>
          <td data-label="Result">
            <span className={`mark ${entry.outcome}`}>{OUTCOMES[entry.outcome]}</span>
          </td>
          <td data-label="From">{entry.address === undefined ? <span className="quiet">unknown</span> : <Text>{entry.address}</Text>}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

/** The admin's first page. */
export const adminPage = (shell: Shell, model: Admin): string =>
  render(
    shell,
    { title: 'Admin', section: 'Admin' },
    <>
      <h1>Admin</h1>
      <Tabs at="overview" />
      <ul className="figures" aria-label="Figures">
        <li>
          <a href="/admin/people">
            <strong>{model.people.toLocaleString('en-GB')}</strong> people
          </a>
        </li>
        <li>
          <a href="/admin/people">
            <strong>{model.withoutSecondFactor.toLocaleString('en-GB')}</strong> without a second factor
          </a>
        </li>
        <li>
          <a href="/admin/people">
            <strong>{model.suspended.toLocaleString('en-GB')}</strong> suspended
          </a>
        </li>
        <li>
          <a href="/documents">
            <strong>{model.documents.toLocaleString('en-GB')}</strong> documents
          </a>
        </li>
        <li>
          <a href="/admin/audit">
            <strong>{model.accessesToday.toLocaleString('en-GB')}</strong> accesses today
          </a>
        </li>
      </ul>
      <section aria-labelledby="latest">
        <h2 id="latest">Seen last</h2>
        {model.latest.length === 0 ? (
          <Empty title="Nothing yet">Each look at a document will stand here.</Empty>
        ) : (
          <>
            <AuditTable entries={model.latest} />
            <p>
              <a href="/admin/audit">The whole record</a>
            </p>
          </>
        )}
      </section>
    </>,
  )

const RightsForm = ({ person, frameworks }: { person: PersonRow; frameworks: readonly Choice[] }) => (
  <form method="post" action={path('/admin/people', person.id, 'rights')}>
    <fieldset>
      <legend>May view</legend>
      {frameworks.map((framework) => (
        <label key={framework.id} className="check">
          <input type="checkbox" name="framework" value={framework.id} defaultChecked={person.rights.includes(framework.id)} />
          <span>{shown(framework.name)}</span>
        </label>
      ))}
      {frameworks.length === 0 ? <p className="quiet">There are no frameworks.</p> : null}
    </fieldset>
    <button type="submit">
      Save the rights<span className="unseen"> of {shown(person.name)}</span>
    </button>
  </form>
)

const Acts = ({ person }: { person: PersonRow }) => (
  <div className="stack">
    {person.role === 'admin' ? (
      <Confirm
        act="Make a member"
        what={person.name}
        says="This person keeps the view rights and loses the admin area."
        action={path('/admin/people', person.id, 'role')}
        fields={{ role: 'member' }}
      />
    ) : (
      <Confirm
        act="Make an admin"
        what={person.name}
        says="Admins give rights, suspend and reset people, and read the whole record."
        action={path('/admin/people', person.id, 'role')}
        fields={{ role: 'admin' }}
      />
    )}
    {person.suspended ? (
      <form method="post" action={path('/admin/people', person.id, 'suspend')}>
        <Hidden values={{ suspended: 'no' }} />
        <button type="submit" className="small">
          Restore<span className="unseen"> {shown(person.name)}</span>
        </button>
      </form>
    ) : (
      <Confirm
        act="Suspend"
        what={person.name}
        says="All sessions end at once, and signing in is not possible until you restore it. Nothing is deleted."
        action={path('/admin/people', person.id, 'suspend')}
        fields={{ suspended: 'yes' }}
      />
    )}
    <Confirm
      act="Reset"
      what={person.name}
      says="Second factors are removed, all sessions end, and a mail with a link for a new password goes out. Be sure who asked you for it."
      action={path('/admin/people', person.id, 'reset')}
    />
  </div>
)

const Person = ({ person, frameworks }: { person: PersonRow; frameworks: readonly Choice[] }) => (
  <li>
    <div className="person">
      <div>
        <h2>
          <Text>{person.name}</Text>
        </h2>
        <p className="quiet">
          <Text>{person.email}</Text>
        </p>
      </div>
      <p className="facts">
        <span>{person.role === 'admin' ? 'Admin' : 'Member'}</span>
        {person.suspended ? <span className="mark refused">Suspended</span> : null}
        <span className={person.secondFactor ? 'mark approved' : 'mark draft'}>
          {person.secondFactor ? 'Second factor' : 'Password only'}
        </span>
        <span>{person.rights.length === 0 ? 'no view rights' : count(person.rights.length, 'view right')}</span>
        <span>
          last seen <When at={person.seenAt} />
        </span>
      </p>
    </div>
    <details>
      <summary>
        Manage<span className="unseen"> {shown(person.name)}</span>
      </summary>
      {person.self ? (
        <p className="quiet">This is you: another admin changes your role and rights, suspends or resets you.</p>
      ) : (
        <div className="pair">
          <RightsForm person={person} frameworks={frameworks} />
          <Acts person={person} />
        </div>
      )}
    </details>
  </li>
)

/** People, their roles and view rights. */
export const peoplePage = (shell: Shell, { people, frameworks, errors }: People): string =>
  render(
    shell,
    { title: 'People', section: 'Admin', failed: errors !== undefined },
    <>
      <h1>People</h1>
      <Tabs at="people" />
      <FormError errors={errors} />
      <p className="quiet">Changes ask for a fresh proof that it is you, and stand in the record.</p>
      <ul className="people">
        {people.map((person) => (
          <Person key={person.id} person={person} frameworks={frameworks} />
        ))}
      </ul>
    </>,
  )

/** Who saw what. */
export const auditPage = (shell: Shell, { entries, filter, actors, page, more }: Audit): string => {
  const filtered = Object.values(filter).some((value) => value !== '')
  const who = actors.find(({ id }) => id === filter.actor)?.name
  return render(
    shell,
    { title: 'Audit', section: 'Admin' },
    <>
      <h1>Audit</h1>
      <Tabs at="audit" />
      <form method="get" action="/admin/audit" className="filters">
        <Pick name="actor" label="Who" value={filter.actor} choices={[{ id: '', name: 'Everybody' }, ...actors]} />
        <Pick name="action" label="Did" value={filter.action} choices={choices(ACTIONS, 'Anything')} />
        <Pick name="outcome" label="Result" value={filter.outcome} choices={choices(OUTCOMES, 'Any')} />
        <button type="submit">Show</button>
      </form>
      <output className="found">
        Who saw and changed what, newest first: <Text>{who ?? 'everybody'}</Text>
        {filter.action === '' ? '' : `, ${ACTIONS[filter.action].toLowerCase()}`}
        {filter.outcome === '' ? '' : `, ${OUTCOMES[filter.outcome].toLowerCase()}`}
        {filtered ? (
          <span className="unprinted">
            {' '}
            · <a href="/admin/audit">Show all</a>
          </span>
        ) : null}
      </output>
      {entries.length > 0 ? (
        <AuditTable entries={entries} />
      ) : (
        <Empty title={filtered ? 'Nothing matches' : 'Nothing yet'}>
          {filtered ? 'Choose fewer filters.' : 'Each look at a document or an attachment will stand here.'}
        </Empty>
      )}
      <Paging action="/admin/audit" query={filter} page={page} more={more} />
    </>,
  )
}
