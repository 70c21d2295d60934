import { main } from '../../../packages/cli/src/main.js'

await main()
