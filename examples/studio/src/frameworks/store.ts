import type { Database } from '../db/database.js'
import { mayView } from '../documents/store.js'

/** Frameworks, and who may see their documents. */
export type Frameworks = ReturnType<typeof createFrameworks>

/** Frameworks, and who may see their documents. */
export const createFrameworks = (db: Database) => ({
  all: () => db.selectFrom('frameworks').select(['id', 'name', 'summary']).orderBy('name').execute(),
  byId: (id: string) => db.selectFrom('frameworks').select(['id', 'name', 'summary']).where('id', '=', id).executeTakeFirst(),
  /** all of them, with how many documents this person sees in each */
  counted: async (personId: string) => {
    const rows = await db
      .selectFrom('documents')
      .select(['framework_id', db.fn.countAll<string>().as('count')])
      .where(mayView(personId))
      .groupBy('framework_id')
      .execute()
    const counts = new Map(rows.map((row) => [row.framework_id, Number(row.count)]))
    const all = await db.selectFrom('frameworks').select(['id', 'name', 'summary']).orderBy('name').execute()
    return all.map(({ id, name, summary }) => ({ id, name, summary, count: counts.get(id) ?? 0 }))
  },
  viewers: async (id: string): Promise<string[]> =>
    (
      await db
        .selectFrom('rights')
        .innerJoin('people', 'people.id', 'rights.person_id')
        .select('people.name')
        .where('rights.framework_id', '=', id)
        .orderBy('people.name')
        .execute()
    ).map(({ name }) => name),
  add: async (framework: { readonly id: string; readonly name: string; readonly summary: string }): Promise<void> => {
    await db.insertInto('frameworks').values(framework).execute()
  },
})
