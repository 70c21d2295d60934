/**
 * What ids of a type are inside. `integer`: 0 to 2^53 - 1. `bigint`: 0 to 2^64 - 1. `uuid`: in lower case. `text`: up to 31 bytes of
 * UTF-8, such as a ULID or the id of a document store.
 */
export type PublicIdKind = 'integer' | 'bigint' | 'uuid' | 'text'

/** The value of an id of a kind. */
export type PublicIdValue<K extends PublicIdKind = PublicIdKind> = {
  readonly integer: number
  readonly bigint: bigint
  readonly uuid: string
  readonly text: string
}[K]

/** Types of ids and what they are inside, such as `{ doc: 'integer', user: 'uuid' }`. */
export type PublicIdTypes = Readonly<Record<string, PublicIdKind>>

/** What {@link PublicIds.decode} says. `unknown` is what a 404 answers: there is no such thing. */
export type PublicIdVerdict<V = PublicIdValue> =
  | { readonly kind: 'known'; readonly id: V }
  /** `shape`: it does not look like an id of this type. `forged`: it does, and no key of ours made it */
  | { readonly kind: 'unknown'; readonly reason: 'shape' | 'forged' }

/** Somebody sent an id that was never given out: a guess, or one that was changed. */
export type PublicIdReport = {
  readonly kind: 'public_id_forged'
  /** ms UTC */
  readonly at: number
  readonly type: string
  /** as it came in, at most 256 characters: hostile text */
  readonly text: string
}

/** Turns ids of the database into ids for the world and back. */
export type PublicIds<T extends PublicIdTypes = PublicIdTypes> = {
  /** `doc_...`: always the same text for one id and key. Throws PPT_INVALID for a value that is not of the type's kind */
  readonly encode: <N extends keyof T & string>(type: N, id: PublicIdValue<T[N]>) => string
  /** never throws for what came in */
  readonly decode: <N extends keyof T & string>(type: N, text: unknown) => PublicIdVerdict<PublicIdValue<T[N]>>
}
