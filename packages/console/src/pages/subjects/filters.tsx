import { useCallback } from 'react'
import { useLocation } from 'wouter'

import { Select } from '../../components/field.js'
import { SearchField } from '../../components/search-field.js'
import { flattenHostile } from '../../lib/hostile.js'
import type { SubjectSearch } from '../../lib/subjects.js'
import { FLAG_WORD, FLAGS, QUERY_LIMIT, subjectsPath } from '../../lib/subjects.js'

/** What narrows the list; every change is in the URL. Roles are those that were seen. */
export const Filters = ({ search, roles }: { readonly search: SubjectSearch; readonly roles: readonly string[] }) => {
  const [, navigate] = useLocation()
  const go = useCallback(
    (change: Partial<SubjectSearch>): void => navigate(subjectsPath({ ...search, ...change }), { replace: true }),
    [navigate, search],
  )
  const find = useCallback((text: string) => go({ q: text.trim() }), [go])
  const offered = search.role === '' || roles.includes(search.role) ? roles : [search.role, ...roles]
  return (
    <search className="mb-4 flex flex-wrap gap-2 max-sm:flex-col">
      <SearchField
        label="Search users"
        placeholder="Whole name, mail address or id"
        maxLength={QUERY_LIMIT}
        value={search.q}
        onChange={find}
      />
      <Select
        label="In force"
        value={search.flag ?? ''}
        onChange={(flag) => go({ flag: flag === '' ? null : flag })}
        options={[['', 'Anything in force, or nothing'], ...FLAGS.map((flag) => [flag, FLAG_WORD[flag]] as const)]}
      />
      <Select
        label="Role"
        value={search.role}
        onChange={(role) => go({ role })}
        options={[['', 'Any role'], ...offered.map((role) => [role, flattenHostile(role, 40)] as const)]}
      />
    </search>
  )
}
