import { isRecord, type Masker } from '@parapet/core'

/** An error as it may stand in a log: masked, with causes and own fields. */
export type SerializedError = {
  readonly type: string
  readonly message: string
  readonly stack?: string
  readonly [field: string]: unknown
}

/**
 * Makes the serializer of errors for logs: type, message, stack, code, own fields, `cause` chain and `errors` of an AggregateError,
 * all masked. What was thrown but is no error gets the type `Thrown`. Never throws.
 */
export const createErrorSerializer =
  ({ masker }: { readonly masker: Pick<Masker, 'value'> }): ((error: unknown) => SerializedError) =>
  (error) => {
    const masked = masker.value(error)
    if (isRecord(masked) && typeof masked['type'] === 'string' && typeof masked['message'] === 'string') return masked as SerializedError
    if (isRecord(masked)) return { ...masked, type: 'Thrown', message: typeof masked['message'] === 'string' ? masked['message'] : '' }
    return { type: 'Thrown', message: typeof masked === 'string' ? masked : String(masked) }
  }
