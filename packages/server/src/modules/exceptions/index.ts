export { createExceptions, type Exceptions } from './exceptions.js'
