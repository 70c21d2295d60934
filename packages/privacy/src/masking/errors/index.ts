export {
  createPublicProblem,
  SERVER_FAULT_DETAIL,
  type ProblemEntry,
  type PublicProblem,
  type PublicProblemOptions,
  type ToldError,
} from './public-problem.js'
export { createErrorSerializer, type SerializedError } from './serialize-error.js'
