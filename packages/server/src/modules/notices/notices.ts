import { type Clock, DAY, type NoticeKind, type NoticeView, uuidv7 } from '@parapet/core'
import type { Pool } from 'pg'

/** Notices are kept so long, ms, and so many for one operator. */
const KEPT_MS = 90 * DAY
const KEPT = 200

/** What happened to an account. `by` names who did it when it was somebody else. */
export type NewNotice = {
  readonly kind: NoticeKind
  readonly address?: string | undefined
  readonly device?: string | undefined
  readonly detail?: string | undefined
  readonly by?: string | undefined
}

/** What operators are told about their own accounts. */
export type Notices = {
  add: (operatorId: string, notice: NewNotice) => Promise<void>
  /** newest first */
  list: (operatorId: string, limit: number) => Promise<readonly NoticeView[]>
  sweep: () => Promise<number>
}

/** Creates the notices. They hold no secret and nothing that somebody typed into a form before he was known. Source: ASVS 5.0 6.3.7. */
export const createNotices = (deps: { pool: Pool; clock: Clock }): Notices => {
  const { pool, clock } = deps
  return {
    add: async (operatorId, { kind, address, device, detail, by }) => {
      const now = clock()
      // an operator who is gone needs no notice
      await pool.query(
        `insert into operator_notices (id, operator_id, at, kind, address, device, detail, by_name)
         select $1, id, $3, $4, $5, $6, $7, $8 from operators where id = $2`,
        [uuidv7(now), operatorId, now, kind, address ?? null, device ?? null, detail ?? null, by ?? null],
      )
      await pool.query(
        `delete from operator_notices where id in
           (select id from operator_notices where operator_id = $1 order by at desc, id desc offset ${KEPT})`,
        [operatorId],
      )
    },
    list: async (operatorId, limit) => {
      const { rows } = await pool.query<NoticeView>(
        'select id, at, kind, address, device, detail, by_name as by from operator_notices where operator_id = $1 order by at desc, id desc limit $2',
        [operatorId, limit],
      )
      return rows
    },
    sweep: async () => (await pool.query('delete from operator_notices where at < $1', [clock() - KEPT_MS])).rowCount ?? 0,
  }
}
