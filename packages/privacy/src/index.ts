export { createMasker, type MaskerOptions, type PlacedFinding, type TextMasker } from './masking/masker.js'
export {
  createErrorSerializer,
  createPublicProblem,
  SERVER_FAULT_DETAIL,
  type ProblemEntry,
  type PublicProblem,
  type PublicProblemOptions,
  type SerializedError,
  type ToldError,
} from './masking/errors/index.js'
export { maskConsole, type SurfaceMasker } from './masking/surfaces/index.js'
export { createMaskStream } from './masking/stream/mask-stream.js'
export { createView, STRICTEST } from './masking/view.js'
export { builtInRuleSet, type BuiltInRuleSet } from './masking/rules/built-in.js'
export { readRuleFiles, type RuleFile } from './masking/rules/rule-files.js'
export { readRuleFile } from './masking/schema.js'
export type { KeyGroup, KeyRules } from './masking/structure/key-groups.js'
export { MASK_ACTIONS, type MaskAction } from './masking/types.js'
export type { MaskFinding, MaskRule, RoleView } from './masking/types.js'
