import { unscanned } from '../masking/actions/actions.js'
import { createErrorSerializer } from '../masking/errors/index.js'
import { isErrorLike } from '../masking/structure/error-fields.js'
import type { SurfaceMasker } from '../masking/surfaces/surface-masker.js'

/** The part of pino's options that is read or set here; every other option passes through. Version 9 and later. */
type PinoOptions = {
  readonly hooks?: { readonly streamWrite?: (line: string) => string }
  readonly serializers?: Readonly<Record<string, (value: unknown) => unknown>>
  readonly errorKey?: string
}

/** What {@link maskPino} takes. */
export type MaskPinoOptions<Options extends object> = {
  readonly masker: SurfaceMasker
  /** the options of the logger as they would be without masking */
  readonly pino?: Options
}

/** What it adds. */
export type MaskedPinoOptions = {
  readonly hooks: { readonly streamWrite: (line: string) => string }
  readonly serializers: Record<string, (value: unknown) => unknown>
}

/**
 * Options for `pino()` under which nothing leaves the logger unmasked: the finished line is masked, as JSON, by its keys and by its
 * text. Child loggers, their bindings and serializers, mixins, formatters, messages and format arguments all end in that line, so none can go
 * around it. Errors are serialized with causes and without the inner objects of HTTP clients. A line that cannot be masked is
 * replaced by a line with its size.
 */
export const maskPino = <Options extends object = object>(options: MaskPinoOptions<Options>): Options & MaskedPinoOptions => {
  const { masker } = options
  const given = (options.pino ?? {}) as Options & PinoOptions
  const before = given.hooks?.streamWrite
  const serialize = createErrorSerializer({ masker })
  const errors = (value: unknown): unknown => (typeof value === 'object' && value !== null && isErrorLike(value) ? serialize(value) : value)

  const streamWrite = (line: string): string => {
    try {
      return masker.json(before === undefined ? line : before(line))
    } catch {
      return `{"level":50,"msg":${JSON.stringify(unscanned(Buffer.byteLength(line)))}}\n`
    }
  }
  return {
    ...given,
    hooks: { ...given.hooks, streamWrite },
    serializers: { err: errors, error: errors, cause: errors, [given.errorKey ?? 'err']: errors, ...given.serializers },
  }
}
