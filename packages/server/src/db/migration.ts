/**
 * One step of the schema. Append-only: a step that was ever released is never edited, a checksum tells. The SQL runs in one
 * transaction as the schema's owner with the schema `parapet` in the search path, and grants what the application role may do.
 */
export type Migration = {
  /** `NNNN-name`, as its file; the number is its order and has no gaps */
  readonly name: string
  readonly sql: string
}
