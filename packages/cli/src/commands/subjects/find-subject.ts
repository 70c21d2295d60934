import type { Page, SubjectView } from '@parapet/core'
import type { ApiClient } from '../../api/api-client.js'
import { usageError } from '../../errors.js'

/** How a subject is called in what is printed. */
export const nameOf = ({ name, email, id }: Pick<SubjectView, 'name' | 'email' | 'id'>): string => name ?? email ?? id

/** The one subject that goes by a whole name, mail address or id. Throws `PPT_USAGE` where there is none, or where several applications have one. */
export const findSubject = async (api: ApiClient, wanted: string, source: string | undefined): Promise<SubjectView> => {
  const { items } = await api.get<Page<SubjectView>>('v1/subjects', { q: wanted })
  const found = items.filter((subject) => source === undefined || subject.source.name === source || subject.source.id === source)
  const [only] = found
  if (only === undefined) throw usageError('nobody goes by that name, mail address or id; parapet subjects lists who is known')
  if (found.length > 1) {
    const names = found.slice(0, 10).map((subject) => JSON.stringify(subject.source.name))
    throw usageError(`several go by that; say which application with --source: ${names.join(', ')}`)
  }
  return only
}
