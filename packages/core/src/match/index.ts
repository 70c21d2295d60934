export { MATCHER_LIMITS } from './automaton.js'
export { createMatcher, type MatchInput, type Matcher, type MatcherOptions, type MatchVisitor } from './matcher.js'
