import { DocumentFields } from './documents.js'
import { render } from './layout.js'
import type { AttachmentRow, CommentRow, Document, Errors, Shell, Viewer } from './models.js'
import { Area, Empty, Field, FormError, localHref, path, shown, StatusMark, Text, When } from './parts.js'

const UNITS = ['bytes', 'KB', 'MB', 'GB'] as const

/** Bytes in words: `12 KB`. */
const size = (bytes: number): string => {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${Math.round((bytes / 1000 ** step) * 10) / 10} ${UNITS[step] ?? 'bytes'}`
}

type Described = { readonly id: string; readonly errors: Errors<'comment' | 'attachment'> | undefined }

const Attachments = ({ id, rows, mayAdd, errors }: Described & { readonly rows: readonly AttachmentRow[]; readonly mayAdd: boolean }) => (
  <section aria-labelledby="attachments">
    <h2 id="attachments">Attachments</h2>
    {rows.length === 0 ? (
      <Empty title="No attachments">{mayAdd ? 'Add the evidence that belongs to this text.' : 'The owner has added none.'}</Empty>
    ) : (
      <ul className="lines files">
        {rows.map((row) => (
          <li key={row.href}>
            <a href={localHref(row.href)}>
              <Text>{row.name}</Text>
            </a>
            <span className="quiet">
              {size(row.size)} · <Text>{row.by}</Text> · <When at={row.at} />
            </span>
          </li>
        ))}
      </ul>
    )}
    {mayAdd ? (
      <form method="post" action={path('/documents', id, 'attachments')} encType="multipart/form-data" className="inline">
        <Field
          name="file"
          label="Add a file"
          type="file"
          required
          hint="At most 5 MB. Links to it work for a short time, and only in your session."
          error={errors?.attachment}
        />
        <button type="submit">Add the file</button>
      </form>
    ) : null}
  </section>
)

const Comments = ({ id, rows, text, errors }: Described & { readonly rows: readonly CommentRow[]; readonly text: string }) => (
  <section aria-labelledby="comments">
    <h2 id="comments">Comments</h2>
    {rows.length === 0 ? (
      <Empty title="No comments">Be the first to ask or to note something.</Empty>
    ) : (
      <ol className="comments">
        {rows.map((row) => (
          <li key={`${row.at} ${row.by} ${row.text}`}>
            <p className="by">
              <strong>
                <Text>{row.by}</Text>
              </strong>{' '}
              <When at={row.at} />
            </p>
            <p className="prose" dir="auto">
              {shown(row.text)}
            </p>
          </li>
        ))}
      </ol>
    )}
    <form method="post" action={path('/documents', id, 'comments')}>
      <Area name="text" label="Your comment" value={text} rows={3} max={4_000} required error={errors?.comment} />
      <button type="submit">Add the comment</button>
    </form>
  </section>
)

const WHY: Readonly<Record<Viewer['why'], string>> = { owner: 'owner', framework: 'by view right' }

/** A document with its attachments and comments, and who may see it. */
export const documentPage = (shell: Shell, model: Document): string => {
  const { document, frameworkName, frameworks, attachments, comments, viewers, mayEdit, values, comment = '', errors } = model
  const { id, title, status, contact, body, owner, createdAt, changedAt } = document
  return render(
    shell,
    { title, section: 'Documents', failed: Object.keys(errors ?? {}).length > 0 },
    <>
      <nav aria-label="Where you are" className="crumbs">
        <a href="/documents">Documents</a>
        <a href={path('/frameworks', document.framework)}>
          <Text>{frameworkName}</Text>
        </a>
      </nav>
      <h1 dir="auto">{shown(title)}</h1>
      <FormError errors={errors} />
      <div className="columns">
        <div className="reading">
          {body.trim() === '' ? (
            <p className="quiet">No text yet.</p>
          ) : (
            <div className="prose" dir="auto">
              {shown(body)}
            </div>
          )}
          {mayEdit ? (
            <details className="edit" open={values !== undefined}>
              <summary className="button">Change the document</summary>
              <form method="post" action={path('/documents', id)}>
                <DocumentFields values={values ?? document} frameworks={frameworks} errors={errors} />
                <button type="submit" className="solid">
                  Save the changes
                </button>
              </form>
            </details>
          ) : null}
          <Attachments id={id} rows={attachments} mayAdd={mayEdit} errors={errors} />
          <Comments id={id} rows={comments} text={comment} errors={errors} />
        </div>
        <aside aria-label="About this document">
          <h2>About</h2>
          <dl>
            <dt>State</dt>
            <dd>
              <StatusMark status={status} />
            </dd>
            <dt>Owner</dt>
            <dd>
              <Text>{owner}</Text>
            </dd>
            <dt>Contact</dt>
            <dd>{contact === '' ? <span className="quiet">none</span> : <Text>{contact}</Text>}</dd>
            <dt>Created</dt>
            <dd>
              <When at={createdAt} />
            </dd>
            <dt>Changed</dt>
            <dd>
              <When at={changedAt} />
            </dd>
          </dl>
          <h2>Who may see it</h2>
          <ul className="lines">
            {viewers.map((viewer) => (
              <li key={viewer.name}>
                <Text>{viewer.name}</Text>
                <span className="quiet">{WHY[viewer.why]}</span>
              </li>
            ))}
          </ul>
          <p className="quiet">Every look at this page is on record.</p>
        </aside>
      </div>
    </>,
  )
}
