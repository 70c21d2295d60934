import { render } from './layout.js'
import type { Choice, DocumentRow, Documents, DocumentValues, Errors, NewDocument, Shell, Status } from './models.js'
import { Area, count, Empty, Field, FormError, Paging, path, Pick, StatusMark, STATUSES, Text, When } from './parts.js'

const STATES: readonly Choice[] = (Object.keys(STATUSES) as Status[]).map((id) => ({ id, name: STATUSES[id] }))

/** Documents as a table, which becomes a list of cards where it is narrow. `within`: all are of one framework, which need not be said. */
export const DocumentTable = ({
  documents,
  caption,
  within = false,
}: {
  documents: readonly DocumentRow[]
  caption: string
  within?: boolean
}) => (
  <table className="stacks">
    <caption className="unseen">{caption}</caption>
    <thead>
      <tr>
        <th scope="col">Title</th>
        {within ? null : <th scope="col">Framework</th>}
        <th scope="col">State</th>
        <th scope="col">Owner</th>
        <th scope="col">Changed</th>
      </tr>
    </thead>
    <tbody>
      {documents.map((document) => (
        <tr key={document.id}>
          <th scope="row">
            <a href={path('/documents', document.id)}>
              <Text>{document.title}</Text>
            </a>
            {document.attachments === 0 ? null : <span className="quiet"> {count(document.attachments, 'file')}</span>}
          </th>
          {within ? null : (
            <td data-label="Framework">
              <Text>{document.framework}</Text>
            </td>
          )}
          <td data-label="State">
            <StatusMark status={document.status} />
          </td>
          <td data-label="Owner">
            <Text>{document.owner}</Text>
          </td>
          <td data-label="Changed">
            <When at={document.changedAt} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)

/** Documents with a search, filters and pages. */
export const documentsPage = (shell: Shell, { filter, frameworks, documents, total, page, pages }: Documents): string => {
  const filtered = filter.q !== '' || filter.framework !== '' || filter.status !== ''
  return render(
    shell,
    { title: filter.q === '' ? 'Documents' : `Documents: ${filter.q.slice(0, 60)}`, section: 'Documents' },
    <>
      <div className="title">
        <h1>Documents</h1>
        <a className="button solid" href="/documents/new">
          New document
        </a>
      </div>
      <search>
        <form method="get" action="/documents" className="filters">
          <Field
            name="q"
            label="Search"
            type="search"
            defaultValue={filter.q}
            maxLength={200}
            hint="Words of the title, or the contact’s whole e-mail address."
          />
          <Pick name="framework" label="Framework" value={filter.framework} choices={[{ id: '', name: 'All' }, ...frameworks]} />
          <Pick name="status" label="State" value={filter.status} choices={[{ id: '', name: 'All' }, ...STATES]} />
          <button type="submit">Search</button>
        </form>
      </search>
      <output className="found">
        {count(total, 'document')}
        {filtered ? (
          <>
            {' '}
            found · <a href="/documents">Show all</a>
          </>
        ) : null}
      </output>
      {documents.length > 0 ? (
        <DocumentTable documents={documents} caption="Documents that you may see" />
      ) : filtered ? (
        <Empty title="Nothing matches">Try fewer words. An e-mail address is found only as a whole: it is kept sealed.</Empty>
      ) : (
        <Empty title="No documents yet">
          <a href="/documents/new">Write the first one</a>, or ask an admin for the view right of a framework.
        </Empty>
      )}
      <Paging action="/documents" query={filter} page={page} more={page < pages} of={pages} />
    </>,
  )
}

type FieldsProps = {
  readonly values: DocumentValues
  readonly frameworks: readonly Choice[]
  readonly errors: Errors<keyof DocumentValues> | undefined
}

/** The fields of a document, for a new one and for changes. */
export const DocumentFields = ({ values, frameworks, errors }: FieldsProps) => (
  <>
    <Field name="title" label="Title" required maxLength={200} defaultValue={values.title} error={errors?.title} />
    <div className="pair">
      <Pick name="framework" label="Framework" value={values.framework} choices={frameworks} error={errors?.framework} />
      <Pick name="status" label="State" value={values.status} choices={STATES} error={errors?.status} />
    </div>
    <Field
      name="contact"
      label="Contact’s e-mail address (optional)"
      type="email"
      autoComplete="off"
      maxLength={254}
      defaultValue={values.contact}
      error={errors?.contact}
      hint="Kept sealed. Whoever may see the document can find it by this address."
    />
    <Area name="body" label="Text" value={values.body} rows={12} max={20_000} error={errors?.body} />
  </>
)

/** A form for a new document. */
export const newDocumentPage = (shell: Shell, { frameworks, values, errors }: NewDocument): string =>
  render(
    shell,
    { title: 'New document', section: 'Documents', failed: Object.keys(errors ?? {}).length > 0 },
    <div className="reading">
      <nav aria-label="Where you are" className="crumbs">
        <a href="/documents">Documents</a>
      </nav>
      <h1>New document</h1>
      <p className="lead">You own it. People with the view right of its framework see it too.</p>
      <FormError errors={errors} />
      {frameworks.length === 0 ? (
        <Empty title="No framework to write for">Nobody has set one up. Ask the administrator of this studio.</Empty>
      ) : (
        <form method="post" action="/documents">
          <DocumentFields
            frameworks={frameworks}
            errors={errors}
            values={values ?? { title: '', framework: frameworks[0]?.id ?? '', status: 'draft', contact: '', body: '' }}
          />
          <p className="acts">
            <button type="submit" className="solid">
              Create the document
            </button>
            <a href="/documents">Leave it</a>
          </p>
        </form>
      )}
    </div>,
  )
