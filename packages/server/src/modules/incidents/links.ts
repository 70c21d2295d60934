import { canonicalAddress, formatRange, parseRange, uuidv7 } from '@parapet/core'
import type { PoolClient } from 'pg'
import { columnText } from '../../db/paging.js'
import type { Vault } from '../../vault/index.js'
import { linkCell } from './cells.js'

/** What can be part of an incident. */
export type LinkKind = 'alert' | 'decision' | 'subject' | 'address'
/** One thing that is part of it. */
export type Link = { readonly kind: LinkKind; readonly value: string }

/** Things of one kind in one incident: a flood of alerts must not make a record that nobody can open. */
export const MOST_LINKS = 500

/** An address or a range in its one form; other text as it is. */
export const addressTerm = (value: string): string => {
  const range = canonicalAddress(value) ?? parseRange(value)
  return range === undefined ? columnText(value) : typeof range === 'string' ? range : formatRange(range)
}

/** What the column holds for a link. */
const termOf = (vault: Pick<Vault, 'term'>, { kind, value }: Link): string => {
  if (kind === 'subject') return vault.term('alerts.target', value)
  return kind === 'address' ? addressTerm(value) : columnText(value)
}

/** Everything that the column may hold for a link, also under older keys. */
export const termsOf = (vault: Pick<Vault, 'terms'>, { kind, value }: Link): readonly string[] => {
  if (kind === 'subject') return vault.terms('alerts.target', value)
  return [kind === 'address' ? addressTerm(value) : columnText(value)]
}

/** Adds what is not part of the incident yet, within bounds; answers what was added. */
export const addLinks = async (
  client: Pick<PoolClient, 'query'>,
  vault: Pick<Vault, 'seal' | 'term' | 'terms'>,
  incidentId: string,
  links: readonly Link[],
  at: number,
): Promise<readonly Link[]> => {
  if (links.length === 0) return []
  const { rows } = await client.query<{ kind: LinkKind; term: string }>('SELECT kind, term FROM incident_links WHERE incident_id = $1', [
    incidentId,
  ])
  const known = new Set(rows.map(({ kind, term }) => `${kind}:${term}`))
  const counts = new Map<LinkKind, number>()
  for (const { kind } of rows) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const added: Link[] = []
  const written: { readonly id: string; readonly kind: LinkKind; readonly term: string; readonly sealed: string | null }[] = []
  for (const link of links) {
    const { kind } = link
    const count = counts.get(kind) ?? 0
    if (link.value === '' || count >= MOST_LINKS || termsOf(vault, link).some((term) => known.has(`${kind}:${term}`))) continue
    const term = termOf(vault, link)
    const id = uuidv7(at)
    known.add(`${kind}:${term}`)
    counts.set(kind, count + 1)
    added.push(link)
    written.push({ id, kind, term, sealed: kind === 'subject' ? vault.seal(link.value, linkCell(id)) : null })
  }
  if (written.length > 0)
    await client.query({
      name: 'incident-links',
      text: `INSERT INTO incident_links (id, incident_id, kind, term, sealed, at)
        SELECT n.id, $1, n.kind, n.term, n.sealed, $2 FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS n (id, kind, term, sealed)
        ON CONFLICT DO NOTHING`,
      values: [
        incidentId,
        at,
        written.map((row) => row.id),
        written.map((row) => row.kind),
        written.map((row) => row.term),
        written.map((row) => row.sealed),
      ],
    })
  return added
}
