module jam.test/interop/juju-2.8

go 1.17

require github.com/juju/juju v0.0.0-20201007080928-1f35f6a20b57

require (
	github.com/coreos/go-systemd/v22 v22.0.0-20200316104309-cb8b64719ae3 // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/docker/distribution v2.6.0-rc.1.0.20180522175653-f0cc92778478+incompatible // indirect
	github.com/gobwas/glob v0.2.4-0.20181002190808-e7a84e9525fe // indirect
	github.com/godbus/dbus/v5 v5.0.3 // indirect
	github.com/golang/protobuf v1.3.2 // indirect
	github.com/gorilla/websocket v1.4.2 // indirect
	github.com/juju/ansiterm v0.0.0-20160907234532-b99631de12cf // indirect
	github.com/juju/charm/v7 v7.0.0-20200625165032-ef717232a815 // indirect
	github.com/juju/charmrepo/v5 v5.0.0-20200626080438-30e3069e6e8e // indirect
	github.com/juju/clock v0.0.0-20190205081909-9c5c9712527c // indirect
	github.com/juju/cmd v0.0.0-20200108104440-8e43f3faa5c9 // indirect
	github.com/juju/collections v0.0.0-20200605021417-0d0ec82b7271 // indirect
	github.com/juju/featureflag v0.0.0-20200423045028-e2f9e1cb1611 // indirect
	github.com/juju/gnuflag v0.0.0-20171113085948-2ce1bb71843d // indirect
	github.com/juju/go4 v0.0.0-20160222163258-40d72ab9641a // indirect
	github.com/juju/gojsonpointer v0.0.0-20150204194629-afe8b77aa08f // indirect
	github.com/juju/gojsonreference v0.0.0-20150204194633-f0d24ac5ee33 // indirect
	github.com/juju/gojsonschema v0.0.0-20150312170016-e1ad140384f2 // indirect
	github.com/juju/httpprof v0.0.0-20141217160036-14bf14c30767 // indirect
	github.com/juju/jsonschema v0.0.0-20161102181919-a0ef8b74ebcf // indirect
	github.com/juju/mutex v0.0.0-20180619145857-d21b13acf4bf // indirect
	github.com/juju/names/v4 v4.0.0-20200424054733-9a8294627524 // indirect
	github.com/juju/os v0.0.0-20200701063157-8e6dd7a2b438 // indirect
	github.com/juju/packaging v0.0.0-20200421095529-970596d2622a // indirect
	github.com/juju/persistent-cookiejar v0.0.0-20170428161559-d67418f14c93 // indirect
	github.com/juju/proxy v0.0.0-20180523025733-5f8741c297b4 // indirect
	github.com/juju/replicaset v0.0.0-20190321104350-501ab59799b1 // indirect
	github.com/juju/rfc v0.0.0-20180510112117-b058ad085c94 // indirect
	github.com/juju/romulus v0.0.0-20191205211046-fd7cab26ac5f // indirect
	github.com/juju/rpcreflect v0.0.0-20200416001309-bb46e9ba1476 // indirect
	github.com/juju/schema v1.0.1-0.20190814234152-1f8aaeef0989 // indirect
	github.com/juju/usso v0.0.0-20160401104424-68a59c96c178 // indirect
	github.com/juju/webbrowser v0.0.0-20180907093207-efb9432b2bcb // indirect
	github.com/juju/worker/v2 v2.0.0-20200916234526-d6e694f1c54a // indirect
	github.com/julienschmidt/httprouter v1.2.0 // indirect
	github.com/lestrrat/go-jspointer v0.0.0-20160229021354-f4881e611bdb // indirect
	github.com/lestrrat/go-jsref v0.0.0-20160601013240-e452c7b5801d // indirect
	github.com/lestrrat/go-jsschema v0.0.0-20160903131957-b09d7650b822 // indirect
	github.com/lestrrat/go-jsval v0.0.0-20161012045717-b1258a10419f // indirect
	github.com/lestrrat/go-pdebug v0.0.0-20160817063333-2e6eaaa5717f // indirect
	github.com/lestrrat/go-structinfo v0.0.0-20160308131105-f74c056fe41f // indirect
	github.com/lunixbochs/vtclean v1.0.0 // indirect
	github.com/mattn/go-colorable v0.0.9 // indirect
	github.com/mattn/go-isatty v0.0.4 // indirect
	github.com/mohae/deepcopy v0.0.0-20170929034955-c48cc78d4826 // indirect
	github.com/opencontainers/go-digest v1.0.0-rc1 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/rogpeppe/fastuuid v0.0.0-20150106093220-6724a57986af // indirect
	golang.org/x/crypto v0.0.0-20200622213623-75b288015ac9 // indirect
	golang.org/x/net v0.0.0-20200904194848-62affa334b73 // indirect
	golang.org/x/sys v0.0.0-20200420163511-1957bb5e6d1f // indirect
	golang.org/x/text v0.3.2 // indirect
	gopkg.in/errgo.v1 v1.0.1 // indirect
	gopkg.in/gobwas/glob.v0 v0.2.3 // indirect
	gopkg.in/httprequest.v1 v1.2.0 // indirect
	gopkg.in/juju/environschema.v1 v1.0.0 // indirect
	gopkg.in/juju/idmclient.v1 v1.0.0-20180320161856-203d20774ce8 // indirect
	gopkg.in/juju/names.v3 v3.0.0-20200331100531-2c9a102df211 // indirect
	gopkg.in/macaroon-bakery.v2 v2.1.1-0.20190613120608-6734dc66fe81 // indirect
	gopkg.in/macaroon.v2 v2.1.0 // indirect
	gopkg.in/mgo.v2 v2.0.0-20190816093944-a6b53ec6cb22 // indirect
	gopkg.in/natefinch/lumberjack.v2 v2.0.0 // indirect
	gopkg.in/retry.v1 v1.0.2 // indirect
	gopkg.in/tomb.v1 v1.0.0-20141024135613-dd632973f1e7 // indirect
	gopkg.in/tomb.v2 v2.0.0-20161208151619-d5d1b5820637 // indirect
	gopkg.in/yaml.v2 v2.3.0 // indirect
)

replace github.com/altoros/gosigma => github.com/juju/gosigma v0.0.0-20200420012028-063911838a9e

replace gopkg.in/natefinch/lumberjack.v2 => github.com/juju/lumberjack v2.0.0-20200420012306-ddfd864a6ade+incompatible

replace gopkg.in/mgo.v2 => github.com/juju/mgo v2.0.0-20190418114320-e9d4866cb7fc+incompatible

replace github.com/hashicorp/raft => github.com/juju/raft v2.0.0-20200420012049-88ad3b3f0a54+incompatible

replace gopkg.in/yaml.v2 => github.com/juju/yaml v0.0.0-20200420012109-12a32b78de07

replace github.com/dustin/go-humanize v1.0.0 => github.com/dustin/go-humanize v0.0.0-20141228071148-145fabdb1ab7

replace github.com/hashicorp/raft-boltdb => github.com/juju/raft-boltdb v0.0.0-20200518034108-40b112c917c5

require (
	github.com/juju/errors v0.0.0-20200330140219-3fe23663418f
	github.com/juju/loggo v0.0.0-20200526014432-9ce3a2e09b5e
	github.com/juju/utils v0.0.0-20200604140309-9d78121a29e0
	github.com/juju/version v0.0.0-20191219164919-81c1be00b9a6
	jam.test/interop/ask v0.0.0
)

replace jam.test/interop/ask => ../ask
