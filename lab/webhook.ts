import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { parse } from 'yaml'

type Cluster = { readonly server: string; readonly 'certificate-authority-data': string }

/** Authority of the server of a kubeconfig, in PEM. */
export async function authorityOf(kubeconfig: string): Promise<string> {
  return pemOf(await clusterOf(kubeconfig))
}

/** Sends what a forge sends after a push, signed as GitHub does, to the server of a kubeconfig; returns the HTTP status. */
export async function postWebhook(kubeconfig: string, secret: string): Promise<number> {
  const cluster = await clusterOf(kubeconfig)
  const body = '{"ref":"refs/heads/main"}'
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  return await new Promise<number>((resolve, reject) => {
    const sent = request(`${cluster.server}/webhook`, {
      method: 'POST',
      ca: pemOf(cluster),
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    })
    sent.once('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

async function clusterOf(kubeconfig: string): Promise<Cluster> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as { clusters: { cluster: Cluster }[] }
  const cluster = config.clusters[0]?.cluster
  if (cluster === undefined) throw new Error('the kubeconfig has no cluster')
  return cluster
}

function pemOf(cluster: Cluster): string {
  return Buffer.from(cluster['certificate-authority-data'], 'base64').toString()
}
