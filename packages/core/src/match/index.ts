export { compileAutomaton, fitsMatcher, MATCHER_LIMITS, type Automaton } from './automaton.js'
export { createMatcher, type MatchInput, type Matcher, type MatcherOptions, type MatchVisitor } from './matcher.js'
