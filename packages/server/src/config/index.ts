export { assertBind, isLoopbackHost } from './bind.js'
export { type ConfigSources, explainConfig, loadConfig, type LoadedConfig, type Origin, type Setting } from './load.js'
export { type Config, configSchema } from './schema.js'
export { isMailAddress, readSender } from './sender.js'
