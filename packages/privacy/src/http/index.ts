export { maskResponses, type MaskResponses, type MaskResponsesOptions } from './mask-responses.js'
