import { type Author, MINUTE, type ResetCampaign, type ResetScope } from '@parapet/core'
import type { Cell } from '../../vault/index.js'

/** A row of `reset_campaigns`. */
export type CampaignRow = {
  readonly id: string
  readonly scope: ResetScope
  readonly sealed: string
  readonly by_kind: Author['kind']
  readonly by_id: string
  readonly by_name: string
  readonly started_at: number
  readonly ended_at: number | null
  readonly state: ResetCampaign['state']
  readonly per_minute: number
  readonly next_mail_at: number
  readonly decision_id: string | null
  readonly batch: string
}

/** The columns of a {@link CampaignRow}. */
export const CAMPAIGN_COLUMNS =
  'id, scope, sealed, by_kind, by_id, by_name, started_at, ended_at, state, per_minute, next_mail_at, decision_id, batch'

/** Where the reason of a campaign is sealed. */
export const campaignCell = (id: string): Cell => ({ table: 'reset_campaigns', column: 'sealed', row: [id], type: 'text' })

/** Who began a campaign. */
export const authorOfRow = (row: Pick<CampaignRow, 'by_kind' | 'by_id' | 'by_name'>): Author => ({
  kind: row.by_kind,
  id: row.by_id,
  name: row.by_name,
})

/** When the mail after one that goes out at `now` may go out, ms UTC: what was not sent in time is not made up for by a burst. */
export const nextMailAt = (
  { per_minute: perMinute, next_mail_at: due }: Pick<CampaignRow, 'per_minute' | 'next_mail_at'>,
  now: number,
): number => {
  const interval = MINUTE / perMinute
  // as many as fit between two looks may follow at once
  return Math.ceil(Math.max(due, now - SLACK_MS) + interval)
}

/** How far behind its time a mail may be without the next one waiting longer, ms. */
const SLACK_MS = 1_000
