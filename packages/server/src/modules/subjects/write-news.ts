import type { PoolClient } from 'pg'
import type { Vault } from '../../vault/index.js'
import type { SessionNews, SubjectNews } from './observe.js'
import type { SubjectRow } from './read-subjects.js'
import { decayed } from './risk.js'
import { openPerson, type Person, sealPerson, subjectId } from './sealed-subject.js'

/** What a row of `subjects` says that news may change. */
type Held = Pick<
  SubjectRow,
  | 'id'
  | 'sealed'
  | 'roles'
  | 'first_seen'
  | 'last_seen'
  | 'last_sign_in'
  | 'password_at'
  | 'failures'
  | 'failures_at'
  | 'new_device_at'
  | 'new_country_at'
>

const HELD = 'id, sealed, roles, first_seen, last_seen, last_sign_in, password_at, failures, failures_at, new_device_at, new_country_at'
/** Rows of one statement. */
const MOST_ROWS = 1_000
const MINUTE = 60_000

/** The later of two times that may be none. */
const later = (a: number | null | undefined, b: number | null | undefined): number | null =>
  a === null || a === undefined ? (b ?? null) : b === null || b === undefined ? a : Math.max(a, b)

type Found = { readonly id: string; readonly news: SubjectNews }

/** Whom names of one batch belong to: a subject of the same source that goes by it as id, name or mail address. */
const resolveNames = async (
  client: PoolClient,
  vault: Pick<Vault, 'terms'>,
  named: readonly SubjectNews[],
): Promise<Map<SubjectNews, string>> => {
  const terms = named.map(({ person: { name = '' } }) => vault.terms('events.user', name))
  const { rows } = await client.query<{ id: string; source_id: string; held: string }>(
    `SELECT s.id, s.source_id, t.held FROM unnest($1::text[]) AS t (held) JOIN subjects s ON s.user_index = t.held
     UNION ALL SELECT s.id, s.source_id, t.held FROM unnest($1::text[]) AS t (held) JOIN subjects s ON s.name_index = t.held
     UNION ALL SELECT s.id, s.source_id, t.held FROM unnest($1::text[]) AS t (held) JOIN subjects s ON s.email_index = t.held`,
    [[...new Set(terms.flat())]],
  )
  const found = new Map<SubjectNews, string>()
  for (const [index, news] of named.entries()) {
    // the id before the name before the mail address, as they come; who is not the only one of the name is found by it all the same
    const row = rows.find(({ source_id, held }) => source_id === news.source.id && terms[index]?.includes(held))
    if (row !== undefined) found.set(news, row.id)
  }
  return found
}

const mergePerson = (held: Person | undefined, news: SubjectNews): Person => ({
  ...held,
  id: news.userId ?? held?.id ?? news.person.name ?? '',
  ...news.person,
})

const samePerson = (a: Person, b: Person): boolean => a.id === b.id && a.name === b.name && a.email === b.email

/** Devices and countries that a subject was seen with before. */
type Usual = { readonly devices: ReadonlySet<string>; readonly countries: ReadonlySet<string>; readonly ids: ReadonlySet<string> }

const readUsual = async (client: PoolClient, ids: readonly string[]): Promise<Map<string, Usual>> => {
  const { rows } = await client.query<{ subject_id: string; devices: string[] | null; countries: string[] | null; ids: string[] }>(
    `SELECT subject_id, array_agg(DISTINCT device) FILTER (WHERE device IS NOT NULL) AS devices,
       array_agg(DISTINCT country) FILTER (WHERE country IS NOT NULL) AS countries, array_agg(session_id) AS ids
     FROM subject_sessions WHERE subject_id = ANY ($1) GROUP BY subject_id`,
    [ids],
  )
  return new Map(
    rows.map((row) => [row.subject_id, { devices: new Set(row.devices), countries: new Set(row.countries), ids: new Set(row.ids) }]),
  )
}

/** When the sessions of a batch first came from somewhere, or with something, that was not usual; nothing is unusual for who is new himself. */
const noveltyOf = (
  sessions: ReadonlyMap<string, SessionNews>,
  usual: Usual | undefined,
): { device: number | null; country: number | null } => {
  const devices = new Set(usual?.devices)
  const countries = new Set(usual?.countries)
  let [device, country]: [number | null, number | null] = [null, null]
  for (const [id, session] of [...sessions].toSorted(([, a], [, b]) => a.startedAt - b.startedAt)) {
    if (usual?.ids.has(id) === true) continue
    if (session.device !== undefined) {
      if (devices.size > 0 && !devices.has(session.device)) device = session.startedAt
      devices.add(session.device)
    }
    if (session.country !== undefined) {
      if (countries.size > 0 && !countries.has(session.country)) country = session.startedAt
      countries.add(session.country)
    }
  }
  return { device, country }
}

const writeSubjects = async (client: PoolClient, vault: Vault, found: readonly Found[]): Promise<void> => {
  const ids = found.map(({ id }) => id)
  const { rows } = await client.query<Held>(`SELECT ${HELD} FROM subjects WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, [ids])
  const held = new Map(rows.map((row) => [row.id, row]))
  const usual = await readUsual(
    client,
    found.flatMap(({ id, news }) => (news.sessions.size > 0 ? [id] : [])),
  )
  const written = found.flatMap(({ id, news }) => {
    const row = held.get(id)
    const novelty = noveltyOf(news.sessions, usual.get(id))
    const failuresAt = Math.max(row?.failures_at ?? 0, news.failures > 0 ? news.failuresAt : 0)
    const failures = decayed(row?.failures ?? 0, row?.failures_at ?? 0, failuresAt) + news.failures
    const knows = row === undefined || Object.keys(news.person).length > 0
    const before = row === undefined || !knows ? undefined : openPerson(vault, row)
    const person = knows ? mergePerson(before, news) : undefined
    const columns = person === undefined || (before !== undefined && samePerson(before, person)) ? undefined : sealPerson(vault, id, person)
    const lastSeen = later(row?.last_seen, news.lastSeen)
    const next = {
      id,
      source_id: news.source.id,
      source_name: news.source.name,
      ...columns,
      roles: news.roles ?? row?.roles ?? [],
      first_seen: Math.min(row?.first_seen ?? news.firstSeen, news.firstSeen),
      last_seen: lastSeen,
      last_sign_in: later(row?.last_sign_in, news.lastSignIn),
      password_at: later(row?.password_at, news.passwordAt),
      failures,
      failures_at: failuresAt,
      new_device_at: later(row?.new_device_at, novelty.device),
      new_country_at: later(row?.new_country_at, novelty.country),
      active_at: Math.floor((lastSeen ?? news.firstSeen) / MINUTE) * MINUTE,
    }
    // the same list sent again, or one page more within the minute: nothing to write
    const same =
      row !== undefined &&
      columns === undefined &&
      next.roles.join('\n') === row.roles.join('\n') &&
      news.failures === 0 &&
      next.last_sign_in === row.last_sign_in &&
      next.password_at === row.password_at &&
      next.new_device_at === row.new_device_at &&
      next.new_country_at === row.new_country_at &&
      next.first_seen === row.first_seen &&
      (next.last_seen === row.last_seen || (next.last_seen ?? 0) - (row.last_seen ?? 0) < MINUTE)
    return same ? [] : [next]
  })
  if (written.length === 0) return
  // rows with and without new names are written alike: what is not given stays
  await client.query(
    `INSERT INTO subjects AS s (id, source_id, source_name, sealed, user_index, name_index, email_index, target_terms, roles, first_seen,
       last_seen, last_sign_in, password_at, failures, failures_at, new_device_at, new_country_at, active_at)
     SELECT n.id, n.source_id, n.source_name, coalesce(n.sealed, h.sealed), coalesce(n."userIndex", h.user_index),
       CASE WHEN n.sealed IS NULL THEN h.name_index ELSE n."nameIndex" END, CASE WHEN n.sealed IS NULL THEN h.email_index ELSE n."emailIndex" END,
       coalesce(n."targetTerms", h.target_terms), n.roles, n.first_seen, n.last_seen, n.last_sign_in, n.password_at, n.failures, n.failures_at,
       n.new_device_at, n.new_country_at, n.active_at
     FROM jsonb_to_recordset($1::jsonb) AS n (id text, source_id text, source_name text, sealed text, "userIndex" text, "nameIndex" text,
       "emailIndex" text, "targetTerms" text[], roles text[], first_seen bigint, last_seen bigint, last_sign_in bigint, password_at bigint,
       failures real, failures_at bigint, new_device_at bigint, new_country_at bigint, active_at bigint)
     LEFT JOIN subjects h ON h.id = n.id
     ON CONFLICT (id) DO UPDATE SET source_name = excluded.source_name, sealed = excluded.sealed, user_index = excluded.user_index,
       name_index = excluded.name_index, email_index = excluded.email_index, target_terms = excluded.target_terms, roles = excluded.roles,
       first_seen = least(s.first_seen, excluded.first_seen), last_seen = greatest(s.last_seen, excluded.last_seen),
       last_sign_in = greatest(s.last_sign_in, excluded.last_sign_in), password_at = greatest(s.password_at, excluded.password_at),
       failures = excluded.failures, failures_at = excluded.failures_at, new_device_at = excluded.new_device_at,
       new_country_at = excluded.new_country_at, active_at = greatest(s.active_at, excluded.active_at)`,
    [JSON.stringify(written.toSorted((a, b) => (a.id < b.id ? -1 : 1)))],
  )
}

type Ended = { readonly subject_id: string; readonly started_at: number }

const writeSessions = async (client: PoolClient, found: readonly Found[]): Promise<readonly Ended[]> => {
  const rows = found.flatMap(({ id, news }) =>
    Array.from(news.sessions, ([sessionId, { startedAt, seenAt, ended, ...rest }]) => ({
      subject_id: id,
      session_id: sessionId,
      started_at: startedAt,
      seen_at: seenAt,
      ended_at: ended?.at ?? null,
      ended_why: ended?.why ?? null,
      ...rest,
    })),
  )
  const ended: Ended[] = []
  if (rows.length > 0) {
    const given = `jsonb_to_recordset($1::jsonb) AS n (subject_id text, session_id text, device text, address inet, country text,
       started_at bigint, seen_at bigint, ended_at bigint, ended_why text)`
    const values = [JSON.stringify(rows.toSorted((a, b) => (a.subject_id + a.session_id < b.subject_id + b.session_id ? -1 : 1)))]
    // asked before they change: which of them end now
    const { rows: ending } = await client.query<Ended>(
      `SELECT n.subject_id, coalesce(h.started_at, n.started_at) AS started_at FROM ${given}
       LEFT JOIN subject_sessions h ON h.subject_id = n.subject_id AND h.session_id = n.session_id
       WHERE n.ended_at IS NOT NULL AND h.ended_at IS NULL`,
      values,
    )
    ended.push(...ending)
    await client.query(
      `INSERT INTO subject_sessions AS s (subject_id, session_id, device, address, country, started_at, seen_at, ended_at, ended_why)
       SELECT n.subject_id, n.session_id, n.device, n.address, n.country, n.started_at, n.seen_at, n.ended_at, n.ended_why FROM ${given}
       ON CONFLICT (subject_id, session_id) DO UPDATE SET device = coalesce(s.device, excluded.device),
         address = coalesce(excluded.address, s.address), country = coalesce(excluded.country, s.country),
         started_at = least(s.started_at, excluded.started_at), seen_at = greatest(s.seen_at, excluded.seen_at),
         ended_at = coalesce(s.ended_at, excluded.ended_at), ended_why = coalesce(s.ended_why, excluded.ended_why)`,
      values,
    )
  }
  const all = found.flatMap(({ id, news }) => (news.endedAll === undefined ? [] : [{ id, ...news.endedAll }]))
  if (all.length > 0) {
    const { rows: closed } = await client.query<Ended>(
      `UPDATE subject_sessions s SET ended_at = n.at, ended_why = n.why
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS n (id, at, why)
       WHERE s.subject_id = n.id AND s.ended_at IS NULL AND s.started_at <= n.at RETURNING s.subject_id, s.started_at`,
      [all.map(({ id }) => id), all.map(({ at }) => at), all.map(({ why }) => why)],
    )
    ended.push(...closed)
  }
  return ended
}

/** What campaigns hear of it: whose sessions ended, and who came back. */
const tellCampaigns = async (client: PoolClient, found: readonly Found[], ended: readonly Ended[]): Promise<void> => {
  if (ended.length > 0)
    await client.query(
      `UPDATE reset_members m SET sessions_ended = m.sessions_ended + e.n FROM (
         SELECT o.campaign_id, o.subject_id, count(*)::int AS n FROM unnest($1::text[], $2::bigint[]) AS x (id, started_at)
         JOIN reset_members o ON o.subject_id = x.id AND o.done_at IS NULL AND x.started_at <= o.started_at GROUP BY 1, 2) AS e
       WHERE m.campaign_id = e.campaign_id AND m.subject_id = e.subject_id`,
      [ended.map((each) => each.subject_id), ended.map((each) => each.started_at)],
    )
  const back = found.flatMap(({ id, news }) => (news.passwordAt === undefined ? [] : [{ id, at: news.passwordAt }]))
  if (back.length > 0)
    await client.query(
      `UPDATE reset_members m SET done_at = n.at FROM unnest($1::text[], $2::bigint[]) AS n (id, at)
       WHERE m.subject_id = n.id AND m.done_at IS NULL AND n.at > m.started_at`,
      [back.map(({ id }) => id), back.map(({ at }) => at)],
    )
}

/**
 * Writes what was told of subjects within a transaction of the caller: the same again changes nothing but counts of failures. News of a name
 * that nobody goes by is left out unless it is of somebody who signed in. Answers how many subjects it was about.
 */
export const writeNews = async (client: PoolClient, vault: Vault, list: readonly SubjectNews[]): Promise<number> => {
  const named = list.filter(({ userId }) => userId === undefined)
  const byName = named.length === 0 ? new Map<SubjectNews, string>() : await resolveNames(client, vault, named)
  const found = new Map<string, SubjectNews>()
  for (const news of list) {
    const { source, userId, person, known } = news
    const id = userId === undefined ? byName.get(news) : subjectId(vault, source.id, userId)
    if (id !== undefined) {
      // the name that somebody typed is not a new name of his
      const told: SubjectNews = userId === undefined ? { ...news, person: {} } : news
      found.set(id, found.has(id) ? join(found.get(id) ?? told, told) : told)
    } else if (known && person.name !== undefined) {
      const made = subjectId(vault, source.id, person.name)
      found.set(made, { ...news, userId: person.name, person: {} })
    }
  }
  const all = Array.from(found, ([id, news]) => ({ id, news }))
  for (let at = 0; at < all.length; at += MOST_ROWS) {
    const part = all.slice(at, at + MOST_ROWS)
    await writeSubjects(client, vault, part)
    await tellCampaigns(client, part, await writeSessions(client, part))
  }
  return all.length
}

/** News of one subject that were told under its id and under its name. */
const join = (a: SubjectNews, b: SubjectNews): SubjectNews => {
  const [lastSeen, lastSignIn, passwordAt] = [
    later(a.lastSeen, b.lastSeen),
    later(a.lastSignIn, b.lastSignIn),
    later(a.passwordAt, b.passwordAt),
  ]
  const endedAll = a.endedAll ?? b.endedAll
  return {
    ...b,
    ...a,
    person: { ...b.person, ...a.person },
    firstSeen: Math.min(a.firstSeen, b.firstSeen),
    ...(lastSeen === null ? {} : { lastSeen }),
    ...(lastSignIn === null ? {} : { lastSignIn }),
    ...(passwordAt === null ? {} : { passwordAt }),
    failures: a.failures + b.failures,
    failuresAt: Math.max(a.failuresAt, b.failuresAt),
    sessions: new Map([...b.sessions, ...a.sessions]),
    ...(endedAll === undefined ? {} : { endedAll }),
  }
}
