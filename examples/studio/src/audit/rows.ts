import type { AccessEntry } from '@parapet/guard'
import type { AuditRow } from '../pages/models.js'
import type { StudioParts } from '../parts.js'
import { createIds } from '../web.js'
import type { Accesses } from './store.js'

type Found = Awaited<ReturnType<Accesses['list']>>['entries']

/** Accesses as pages show them: with the title of a document and the name of a file or person in place of an id. */
export const createAuditRows = ({
  guard,
  documents,
  attachments,
  people,
}: Pick<StudioParts, 'guard' | 'documents' | 'attachments' | 'people'>) => {
  const ids = createIds(guard)
  return async (entries: Found): Promise<AuditRow[]> => {
    const of = (type: 'doc' | 'file' | 'person'): string[] => [
      ...new Set(entries.map(({ resource }) => ids.read(type, resource)).filter((id) => id !== undefined)),
    ]
    const named = await Promise.all([documents.titles(of('doc')), attachments.names(of('file')), people.names(of('person'))])
    const names = new Map(named.flat().map(({ id, name }) => [id, name]))
    return entries.map(({ id: row, at, actor, action, type, resource, outcome, address }) => {
      const id = ids.read('doc', resource) ?? ids.read('file', resource) ?? ids.read('person', resource)
      const name = (id === undefined ? undefined : names.get(id)) ?? resource ?? undefined
      return {
        id: row,
        at: at.getTime(),
        actor: actor ?? 'Nobody signed in',
        action: action as AccessEntry['action'],
        resource: type,
        ...(name === undefined ? {} : { name }),
        outcome: outcome as AccessEntry['outcome'],
        ...(address === null ? {} : { address }),
      }
    })
  }
}
