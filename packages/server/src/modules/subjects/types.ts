import type { Author, Page, SubjectAct, SubjectDetail, SubjectFlag, SubjectImport, SubjectView } from '@parapet/core'

/** Which subjects a list shows. `q` is a whole name, mail address or id: what is sealed cannot be searched in part. */
export type SubjectQuery = {
  readonly q?: string | undefined
  readonly role?: string | undefined
  readonly flag?: SubjectFlag['kind'] | undefined
}

/** The users of protected applications. Methods reject with `PPT_DATABASE_UNAVAILABLE` while the database is away. */
export type Subjects = {
  /** Seen last first. Errors: `PPT_INVALID`. */
  readonly list: (query: SubjectQuery, cursor: string | null | undefined, limit: number) => Promise<Page<SubjectView>>
  /** Errors: `PPT_NOT_FOUND`. */
  readonly get: (id: string) => Promise<SubjectView>
  /** Errors: `PPT_NOT_FOUND`. */
  readonly detail: (id: string) => Promise<SubjectDetail>
  /** Makes or lifts decisions on the user. Errors: `PPT_NOT_FOUND`, `PPT_INVALID`. Answers what changed as well. */
  readonly act: (
    id: string,
    act: SubjectAct,
    by: Author,
  ) => Promise<{ readonly subject: SubjectView; readonly decisionIds: readonly string[] }>
  /** Takes an application's list of its users; the same again changes nothing. */
  readonly take: (
    source: { readonly id: string; readonly name: string },
    list: SubjectImport['subjects'],
  ) => Promise<{ readonly taken: number }>
}
