<?php
/* PHP client of the laboratory: client.php URL [PROXY:PORT] */
$o = ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false],
      'http' => ['timeout' => 20]];
if (isset($argv[2]) && $argv[2] !== '')
	$o['http']['proxy'] = 'tcp://' . $argv[2];
exit(file_get_contents($argv[1], false, stream_context_create($o)) === false
	? 1 : 0);
