export { createFeeds, type Feeds } from './feeds.js'
