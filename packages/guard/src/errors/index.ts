export { createErrors } from './errors.js'
export { publicError } from './public.js'
export type {
  DescribedError,
  DescribedRequest,
  ErrorAbout,
  ErrorAnswer,
  ErrorProblem,
  ErrorRecord,
  Errors,
  ErrorsOptions,
} from './types.js'
