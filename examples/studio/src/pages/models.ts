import type { Flash } from './words.js'

/** What every page needs to know of the request it answers. `user` is left out for somebody who is not signed in. */
export type Shell = {
  readonly user?: { readonly name: string; readonly email: string; readonly admin: boolean }
  /** what was just done, from the address (`?done=`) through `readFlash`: one of a fixed list, so that nobody puts words into our mouth */
  readonly flash?: Flash
}

/** What went wrong beside the field it is about; `form` is about all of them. Sentences say what to do next. */
export type Errors<Field extends string = never> = { readonly [name in Field | 'form']?: string }

/** States of a document; the words shown are in `words.ts`. */
export type Status = 'draft' | 'review' | 'approved'
export type Role = 'member' | 'admin'

/** A framework as lists show it; `count` is how many documents this person sees in it. */
export type FrameworkRow = { readonly id: string; readonly name: string; readonly summary: string; readonly count: number }
/** A choice in a form: the encrypted id and its name. */
export type Choice = { readonly id: string; readonly name: string }

/** A document as lists show it. `id` is the encrypted one; times in ms UTC. */
export type DocumentRow = {
  readonly id: string
  readonly title: string
  readonly framework: string
  readonly owner: string
  readonly status: Status
  readonly changedAt: number
  readonly attachments: number
}

/** The first page of somebody who is signed in. */
export type Home = {
  readonly documents: readonly DocumentRow[]
  readonly frameworks: readonly FrameworkRow[]
  /** documents by state */
  readonly counts: { readonly [status in Status]: number }
  /** whether the account has a second factor: without one the page recommends it */
  readonly secondFactor: boolean
}

export type SignUp = {
  readonly values?: { readonly email: string; readonly name: string }
  readonly errors?: Errors<'email' | 'name' | 'password'>
}
/** After a form that sends mail; says the same whether the address is known or not. */
export type MailSent = { readonly about: 'sign-up' | 'reset' }
/** The page behind a link of a mail asks for a press of a button: programs that look at mails follow links. */
export type Verify = { readonly token: string; readonly errors?: Errors<'password'> }
export type LinkFailed = { readonly about: 'sign-up' | 'reset' }
export type SignIn = { readonly email?: string; readonly next?: string; readonly errors?: Errors }
/** The second step; one field takes both kinds of code. */
export type Code = { readonly code: boolean; readonly passkey: boolean; readonly next?: string; readonly errors?: Errors<'code'> }
export type Reset = { readonly email?: string; readonly errors?: Errors<'email'> }
export type ResetNew = { readonly token: string; readonly errors?: Errors<'password'> }

export type Account = {
  readonly email: string
  readonly values: { readonly name: string; readonly phone: string }
  readonly errors?: Errors<'name' | 'phone'>
}

/** An authenticator app or a passkey. Times in ms UTC. */
export type Factor = { readonly id: string; readonly name: string; readonly createdAt: number; readonly usedAt: number | undefined }
/** A session as its owner sees it. Times in ms UTC. */
export type SessionRow = {
  readonly id: string
  readonly device: string
  readonly address?: string
  readonly place?: string
  readonly createdAt: number
  readonly seenAt: number
  readonly current: boolean
}
export type Security = {
  readonly apps: readonly Factor[]
  readonly passkeys: readonly Factor[]
  readonly recoveryCodesLeft: number
  readonly sessions: readonly SessionRow[]
  readonly errors?: Errors<'current' | 'password'>
}

/** An authenticator app to be set up. After a wrong code `secret` and `svg` are left out: they are shown once. `svg` is a whole SVG document. */
export type Totp = { readonly enrolment: string; readonly secret?: string; readonly svg?: string; readonly errors?: Errors<'code'> }
export type RecoveryCodes = { readonly codes: readonly string[] }
/** A proof before a dangerous act; which ways there are depends on the account. */
export type StepUp = {
  readonly next: string
  readonly password: boolean
  readonly code: boolean
  readonly passkey: boolean
  readonly errors?: Errors<'password' | 'code'>
}

export type Framework = {
  readonly framework: FrameworkRow
  readonly documents: readonly DocumentRow[]
  /** names of the people who have the view right of it */
  readonly viewers: readonly string[]
}
/** Documents that this person may see; empty filters are empty text. `page` counts from 1. */
export type Documents = {
  readonly filter: { readonly q: string; readonly framework: string; readonly status: Status | '' }
  readonly frameworks: readonly Choice[]
  readonly documents: readonly DocumentRow[]
  readonly total: number
  readonly page: number
  readonly pages: number
}

/** Fields of a document's form. `contact` is the sealed one: an e-mail address that documents are found by. */
export type DocumentValues = {
  readonly title: string
  readonly framework: string
  readonly status: Status
  readonly contact: string
  readonly body: string
}
type DocumentErrors = Errors<keyof DocumentValues>
export type NewDocument = {
  readonly frameworks: readonly Choice[]
  readonly values?: DocumentValues
  readonly errors?: DocumentErrors
}

/** `href` is the signed link, as it is on the page. `size` in bytes. */
export type AttachmentRow = {
  readonly name: string
  readonly href: string
  readonly size: number
  readonly by: string
  readonly at: number
}
export type CommentRow = { readonly by: string; readonly at: number; readonly text: string }
/** Somebody who may see the document, and why. */
export type Viewer = { readonly name: string; readonly why: 'owner' | 'framework' }
export type Document = {
  readonly document: DocumentValues & {
    readonly id: string
    readonly owner: string
    readonly createdAt: number
    readonly changedAt: number
  }
  /** name of its framework; `document.framework` is the id */
  readonly frameworkName: string
  readonly frameworks: readonly Choice[]
  readonly attachments: readonly AttachmentRow[]
  readonly comments: readonly CommentRow[]
  readonly viewers: readonly Viewer[]
  /** whether this person may change it and add attachments */
  readonly mayEdit: boolean
  /** what was typed, after an error */
  readonly values?: DocumentValues
  readonly comment?: string
  readonly errors?: Errors<keyof DocumentValues | 'comment' | 'attachment'>
}

/** A person as the admin sees him. Times in ms UTC. */
export type PersonRow = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly suspended: boolean
  readonly secondFactor: boolean
  readonly seenAt: number | undefined
  /** ids of the frameworks that he may view */
  readonly rights: readonly string[]
  /** the admin who looks at the page: nobody suspends, resets or demotes himself */
  readonly self: boolean
}
export type Admin = {
  readonly people: number
  readonly suspended: number
  readonly withoutSecondFactor: number
  readonly documents: number
  readonly accessesToday: number
  /** the latest, newest first */
  readonly latest: readonly AuditRow[]
}
export type People = { readonly people: readonly PersonRow[]; readonly frameworks: readonly Choice[]; readonly errors?: Errors }

/** One access: who did what to which thing, with what result. */
export type AuditRow = {
  readonly id: string
  readonly at: number
  readonly actor: string
  readonly action: 'create' | 'view' | 'edit' | 'delete'
  /** such as `document` */
  readonly resource: string
  /** the title, or the id where there is none */
  readonly name?: string
  readonly outcome: 'success' | 'failure' | 'refused'
  readonly address?: string
}
/** Filters are empty text where they do not filter. `page` counts from 1; `more` says that an older page exists. */
export type Audit = {
  readonly entries: readonly AuditRow[]
  readonly filter: { readonly actor: string; readonly action: AuditRow['action'] | ''; readonly outcome: AuditRow['outcome'] | '' }
  /** whose accesses can be asked for: id and name */
  readonly actors: readonly Choice[]
  readonly page: number
  readonly more: boolean
}

/** A page for what did not work: what happened, and what to do next. `reference` finds it in the log. */
export type Message = { readonly title: string; readonly says: string; readonly reference?: string }
