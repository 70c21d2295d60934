/** What a person is told of about his account. */
export type NoticeKind =
  | 'new_device'
  | 'new_country'
  | 'password_changed'
  | 'mail_changed'
  | 'factor_added'
  | 'factor_removed'
  | 'locked_out'
  | 'session_revoked'
  | 'session_hijack'
  | 'reset_requested'
  | 'recovery_code_used'
  | 'suspended'

/** What happened, as a part reports it. Texts may be hostile: the templates bound and escape them. */
export type NoticeInput = {
  readonly kind: NoticeKind
  /** the account that it happened to; never a name that somebody typed and nobody goes by */
  readonly subject: string
  /** ms UTC; now by default */
  readonly at?: number
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  /** two letters, where known */
  readonly country?: string | undefined
  /** of a factor or a device, as its owner named it; of a revocation, why */
  readonly detail?: string | undefined
}

/** A mail ready to be sent: plain text and HTML say the same. No value in it makes a link. */
export type NoticeMail = { readonly subject: string; readonly text: string; readonly html: string }

/**
 * What `onNotice` gets. `audience` says whom to send it to: the address that the application itself holds for `subject`, never one that came
 * with a request; or the administrators, whose mail names the subject.
 */
export type Notice = Required<Pick<NoticeInput, 'kind' | 'subject' | 'at'>> & {
  readonly audience: 'user' | 'administrators'
  readonly mail: NoticeMail
  /** how many like it were held back before this one */
  readonly held: number
}

/** What became of a report. */
export type NoticeVerdict =
  | { readonly kind: 'sent'; readonly notices: number }
  /** an equal one was sent a short while ago, or the subject has had many */
  | { readonly kind: 'held'; readonly reason: 'repeated' | 'limited' }

/** Tells people what happened to their account. */
export type Notices = {
  readonly tell: (input: NoticeInput) => NoticeVerdict
  readonly stats: () => { readonly sent: number; readonly held: number; readonly failed: number }
}
