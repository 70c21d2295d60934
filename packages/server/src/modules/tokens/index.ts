export { type ApiToken, createTokens, looksLikeToken, type Tokens } from './tokens.js'
