import type { Author, ResetCampaign, ResetRequest } from '@parapet/core'

/** One mail to a user of a protected application. `id` is the same however often it is handed over: it becomes the Message-ID. */
export type OutgoingMail = {
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly links: readonly { readonly label: string; readonly url: string }[]
}

/** Sends one mail; resolves when the mail server has taken it. `retry`: it may work later. */
export type SendMail = (
  mail: OutgoingMail,
) => Promise<{ readonly ok: true } | { readonly ok: false; readonly retry: boolean; readonly detail: string }>

/** Campaigns in which users have to set new passwords. Methods reject with `PPT_DATABASE_UNAVAILABLE` while the database is away. */
export type ResetCampaigns = {
  /** Begins one, or only counts with `dryRun`. Errors: `PPT_INVALID`, `PPT_NOT_FOUND` where nobody is meant, `PPT_CONFLICT`. */
  readonly start: (request: ResetRequest, by: Author) => Promise<ResetCampaign>
  /** Newest first, at most 50. */
  readonly list: () => Promise<readonly ResetCampaign[]>
  /** Errors: `PPT_NOT_FOUND`. */
  readonly get: (id: string) => Promise<ResetCampaign>
  /** Takes its decisions back and sends no more mails. Errors: `PPT_NOT_FOUND`. One that has ended stays as it is. */
  readonly cancel: (id: string, by: Author) => Promise<ResetCampaign>
}
