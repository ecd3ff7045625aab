/**
 * Serves the images of a folder until standard input ends; prints its address.
 * Usage: node test/bench/image-server-process.ts FOLDER
 */
import { startImageServer } from '../../lab/image-server.ts'

const server = await startImageServer({ root: process.argv[2] ?? '.' })
console.log(server.url)
process.stdin.resume().once('end', () => void server.close())
