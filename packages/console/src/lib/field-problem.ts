import type { ApiError } from './problem.js'

/** What is said beside a field: the detail without the name that the field has on the wire. */
export const detailAtField = (detail: string | undefined): string | undefined =>
  detail?.replace(/^[a-z]+(?:\.[a-z]+)*: |^[a-z]+(?:\.[a-z]+)+$/i, '') || undefined

/** The field of the form for a block that an error is about, or undefined when it is about none of them. */
export const fieldOf = (error: ApiError): 'target' | 'duration' | 'reason' | 'scope' | undefined => {
  if (error.code === 'PPT_ADDRESS_INVALID' || error.code === 'PPT_PROTECTED_TARGET') return 'target'
  if (error.code !== 'PPT_INVALID' || error.detail === undefined) return undefined
  // the server writes `field: what it takes`
  const [field = ''] = error.detail.split(':', 1)
  const words = field.toLowerCase().split(/[^a-z]+/)
  return (['duration', 'reason', 'scope', 'target'] as const).find((name) => words.includes(name))
}
