import { DocumentTable } from './documents.js'
import { render } from './layout.js'
import type { Framework, FrameworkRow, Shell } from './models.js'
import { count, Empty, path, shown, Text } from './parts.js'

/** The frameworks that this person may view. */
export const frameworksPage = (shell: Shell, { frameworks }: { readonly frameworks: readonly FrameworkRow[] }): string =>
  render(
    shell,
    { title: 'Frameworks', section: 'Frameworks' },
    <>
      <h1>Frameworks</h1>
      {frameworks.length === 0 ? (
        <Empty title="No frameworks yet">Nobody has set one up. Ask the administrator of this studio.</Empty>
      ) : (
        <ul className="tiles">
          {frameworks.map((framework) => (
            <li key={framework.id}>
              <h2>
                <a href={path('/frameworks', framework.id)}>
                  <Text>{framework.name}</Text>
                </a>
              </h2>
              <p dir="auto">{shown(framework.summary)}</p>
              <p className="quiet">{count(framework.count, 'document')}</p>
            </li>
          ))}
        </ul>
      )}
    </>,
  )

/** A framework: its documents, and who may view them. */
export const frameworkPage = (shell: Shell, { framework, documents, viewers }: Framework): string =>
  render(
    shell,
    { title: framework.name, section: 'Frameworks' },
    <>
      <nav aria-label="Where you are" className="crumbs">
        <a href="/frameworks">Frameworks</a>
      </nav>
      <h1 dir="auto">{shown(framework.name)}</h1>
      <p className="lead" dir="auto">
        {shown(framework.summary)}
      </p>
      <div className="columns">
        <section aria-labelledby="documents">
          <h2 id="documents">Documents</h2>
          {documents.length === 0 ? (
            <Empty title="Nothing here yet">
              <a href="/documents/new">Write a document</a> for it, or ask an admin for the view right: then you see what others have
              written.
            </Empty>
          ) : (
            <DocumentTable documents={documents} caption="Documents of this framework" within />
          )}
        </section>
        <section aria-labelledby="viewers">
          <h2 id="viewers">Who may view it</h2>
          {viewers.length === 0 ? (
            <p className="quiet">Nobody but the owners of its documents.</p>
          ) : (
            <ul className="lines">
              {viewers.map((name) => (
                <li key={name}>
                  <Text>{name}</Text>
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </>,
  )
