import type { Cell } from '../../vault/index.js'

/** Where the title of an incident is sealed. */
export const titleCell = (id: string): Cell => ({ table: 'incidents', column: 'sealed', row: [id], type: 'text' })

/** Where a subject that is part of an incident is sealed. */
export const linkCell = (id: string): Cell => ({ table: 'incident_links', column: 'sealed', row: [id], type: 'text' })

/** Where a line of a timeline is sealed. */
export const entryCell = (id: string): Cell => ({ table: 'incident_entries', column: 'sealed', row: [id], type: 'text' })
