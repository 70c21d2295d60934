import { isEmail } from '../accounts/checks.js'
import type { DocumentStatus } from '../db/database.js'
import type { DocumentValues as FormValues, Errors } from '../pages/models.js'
import { WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { field, type Ids } from '../web.js'
import type { DocumentValues } from './store.js'

const STATUSES: readonly DocumentStatus[] = ['draft', 'review', 'approved']

/** One of the states, or nothing. */
export const readStatus = (text: string): DocumentStatus | '' => STATUSES.find((status) => status === text) ?? ''

/** The form of a document: what was typed, and what it comes to or what is wrong with it. */
export type DocumentForm = { readonly typed: FormValues } & (
  | { readonly kind: 'good'; readonly values: DocumentValues }
  | { readonly kind: 'bad'; readonly errors: Errors<keyof FormValues> }
)

/** Reads the form of a new or changed document. */
export const readDocumentForm = async (
  body: unknown,
  ids: Ids,
  frameworks: Pick<StudioParts['frameworks'], 'byId'>,
): Promise<DocumentForm> => {
  const [title, framework, contact, text] = [field(body, 'title'), field(body, 'framework'), field(body, 'contact'), field(body, 'body')]
  const status = readStatus(field(body, 'status')) || 'draft'
  const typed = { title, framework, status, contact, body: text }
  const frameworkId = ids.read('framework', framework)
  const known = frameworkId !== undefined && (await frameworks.byId(frameworkId)) !== undefined
  const errors = {
    ...(title !== '' && title.length <= 200 ? {} : { title: WORDS.titleNeeded }),
    ...(known ? {} : { framework: WORDS.frameworkNeeded }),
    ...(contact === '' || isEmail(contact) ? {} : { contact: WORDS.contactWrong }),
    ...(text.length <= 20_000 ? {} : { body: 'Give at most 20,000 characters.' }),
  }
  if (frameworkId === undefined || Object.keys(errors).length > 0) return { kind: 'bad', typed, errors }
  return { kind: 'good', typed, values: { title, frameworkId, status, contact: contact === '' ? null : contact, body: text } }
}
